//! What a folder holds, as Drive says: kept between runs, brought up to date by changes or by reading folders.
//!
//! Pure. Where something lies follows from parents alone, so that a folder that is moved, trashed or renamed takes all
//! that is in it along, of which Drive says nothing.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::model::{Item, Reason};

/// A folder and everything known below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tree {
    root: String,
    /// By id; the root is not among them.
    items: BTreeMap<String, Item>,
    root_is_read: bool,
    /// Something may be known of a folder that is read.
    was_kept: bool,
    max_depth: usize,
}

/// What Drive says has happened to one file.
#[derive(Debug, Clone)]
pub(super) enum Change {
    /// Deleted, trashed, or not to be seen any more.
    Gone(String),
    /// It is as this says now; its parent may be any folder.
    Now(Box<Item>),
}

impl Change {
    /// What changed.
    pub(super) fn id(&self) -> &str {
        match self {
            Self::Gone(id) => id,
            Self::Now(item) => &item.id,
        }
    }
}

/// Something at its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Placed<'a> {
    /// Names of the folders from the root's children down.
    pub(super) folders: Vec<String>,
    pub(super) item: &'a Item,
    /// Why it is neither followed nor mirrored.
    pub(super) barred: Option<Reason>,
}

/// A walk through everything that can be reached.
#[derive(Debug)]
pub(super) struct Walk<'a> {
    /// In order of place: files, and folders that are barred.
    pub(super) placed: Vec<Placed<'a>>,
    /// Folders that are followed, the root not among them.
    pub(super) folders: usize,
    /// Ids whose children are still to be read, each with the item that leads there.
    pub(super) unread: Vec<String>,
    /// Everything that can be reached, by item id.
    reached: BTreeSet<&'a str>,
    /// Items of folders that were gone into.
    followed: BTreeSet<&'a str>,
}

/// A folder on the way.
struct Visit {
    /// Id of whose children.
    id: String,
    names: Vec<String>,
    /// Ids on the way from the root.
    above: Vec<String>,
}

impl Tree {
    /// An empty one: everything is to be read.
    pub(super) fn new(root: &str, max_depth: usize) -> Self {
        Self {
            root: root.to_owned(),
            items: BTreeMap::new(),
            root_is_read: false,
            was_kept: false,
            max_depth,
        }
    }

    /// As it was kept.
    pub(super) fn kept(
        root: &str,
        max_depth: usize,
        items: impl IntoIterator<Item = Item>,
    ) -> Self {
        let items: BTreeMap<String, Item> = items
            .into_iter()
            .map(|item| (item.id.clone(), item))
            .collect();
        Self {
            root_is_read: !items.is_empty(),
            was_kept: true,
            items,
            ..Self::new(root, max_depth)
        }
    }

    /// Everything that is known.
    pub(super) fn items(&self) -> impl Iterator<Item = &Item> {
        self.items.values()
    }

    /// One of them.
    pub(super) fn get(&self, id: &str) -> Option<&Item> {
        self.items.get(id)
    }

    /// What was looked at before need not be looked at again.
    pub(super) fn recall(&mut self, before: &BTreeMap<String, Item>) {
        for (id, item) in &mut self.items {
            if item.refused.is_none() {
                item.refused = before.get(id).and_then(|known| known.refused.clone());
            }
        }
    }

    /// Shortcuts to something.
    pub(super) fn shortcuts_to<'a>(&'a self, target: &'a str) -> impl Iterator<Item = &'a Item> {
        self.items
            .values()
            .filter(move |item| item.target.as_deref() == Some(target))
    }

    /// The children of a folder were read. One that seems empty counts as not read: Drive has been seen to answer nothing
    /// for folders that are not, and to say nothing of what it left out.
    pub(super) fn read(&mut self, folder: &str, children: impl IntoIterator<Item = Item>) {
        let children: Vec<Item> = children.into_iter().collect();
        if self.was_kept {
            let named: BTreeSet<&str> = children.iter().map(|child| child.id.as_str()).collect();
            self.items
                .retain(|id, item| item.parent != folder || named.contains(id.as_str()));
        }
        let is_read = !children.is_empty();
        for mut child in children {
            if child.id == self.root {
                continue;
            }
            // Read a moment ago at another place: what lies in it is known.
            child.is_read = self
                .items
                .get(&child.id)
                .is_some_and(|known| known.is_read && known.target == child.target);
            self.items.insert(child.id.clone(), child);
        }
        if folder == self.root {
            self.root_is_read = is_read;
        }
        for item in self.items.values_mut() {
            if item.is_folder() && item.content_id() == folder {
                item.is_read = is_read;
            }
        }
    }

    /// Takes changes in. What is new and a folder waits to be read.
    pub(super) fn apply(&mut self, changes: impl IntoIterator<Item = Change>) {
        // The last word on each counts.
        let mut last: BTreeMap<String, Change> = BTreeMap::new();
        for change in changes {
            last.insert(change.id().to_owned(), change);
        }
        let mut arrivals: Vec<Item> = Vec::new();
        for (id, change) in last {
            if id == self.root {
                continue;
            }
            match change {
                Change::Gone(id) => {
                    self.items.remove(&id);
                    for item in self.items.values_mut() {
                        if item.target.as_deref() == Some(&id) {
                            item.is_broken = true;
                        }
                    }
                }
                Change::Now(item) => arrivals.push(*item),
            }
        }
        // A folder may arrive together with what lies in it, in any order.
        loop {
            let known: BTreeSet<String> = self
                .items
                .values()
                .filter(|item| item.is_folder())
                .map(|item| item.content_id().to_owned())
                .chain([self.root.clone()])
                .collect();
            let before = arrivals.len();
            arrivals.retain(|item| {
                let is_here = known.contains(&item.parent);
                if is_here {
                    let mut item = item.clone();
                    item.is_read = self
                        .items
                        .get(&item.id)
                        .is_some_and(|known| known.is_read && known.target == item.target);
                    self.items.insert(item.id.clone(), item);
                }
                !is_here
            });
            if arrivals.len() == before {
                break;
            }
        }
        for elsewhere in arrivals {
            self.items.remove(&elsewhere.id);
        }
        self.prune();
    }

    /// Forgets what cannot be reached, and what is not read of it any more.
    pub(super) fn prune(&mut self) {
        let walk = self.walk();
        let reached: BTreeSet<String> = walk.reached.iter().map(|id| (*id).to_owned()).collect();
        let followed: BTreeSet<String> = walk.followed.iter().map(|id| (*id).to_owned()).collect();
        self.items.retain(|id, _| reached.contains(id));
        for (id, item) in &mut self.items {
            if !followed.contains(id) {
                item.is_read = false;
            }
        }
    }

    /// Folders on the way to something: ids and names, from the root's children down.
    pub(super) fn way_to(&self, id: &str) -> Vec<(String, String)> {
        let by_content: BTreeMap<&str, &Item> = self
            .items
            .values()
            .filter(|item| item.is_folder())
            .map(|item| (item.content_id(), item))
            .collect();
        let mut way = Vec::new();
        let mut passed = BTreeSet::new();
        let mut parent = self.items.get(id).map(|item| item.parent.as_str());
        while let Some(folder) = parent.and_then(|id| by_content.get(id)) {
            if !passed.insert(&folder.id) {
                break;
            }
            way.push((folder.id.clone(), folder.name.clone()));
            parent = Some(&folder.parent);
        }
        way.reverse();
        way
    }

    /// Everything that can be reached, at its place. Real folders come before shortcuts, which lead only to what is not
    /// here already.
    pub(super) fn walk(&self) -> Walk<'_> {
        let mut children: BTreeMap<&str, Vec<&Item>> = BTreeMap::new();
        for item in self.items.values() {
            children.entry(&item.parent).or_default().push(item);
        }
        for list in children.values_mut() {
            list.sort_by(|a, b| (&a.name, &a.id).cmp(&(&b.name, &b.id)));
        }
        let mut walk = Walk {
            placed: Vec::new(),
            folders: 0,
            unread: Vec::new(),
            reached: BTreeSet::new(),
            followed: BTreeSet::new(),
        };
        // Whose content is here, and the folders that were gone through.
        let mut here: BTreeSet<&str> = BTreeSet::from([self.root.as_str()]);
        let mut queue = VecDeque::from([Visit {
            id: self.root.clone(),
            names: Vec::new(),
            above: vec![self.root.clone()],
        }]);
        let mut shortcuts: VecDeque<(Visit, &Item)> = VecDeque::new();
        if !self.root_is_read {
            walk.unread.push(self.root.clone());
        }
        loop {
            while let Some(visit) = queue.pop_front() {
                for item in children.get(visit.id.as_str()).into_iter().flatten() {
                    walk.reached.insert(&item.id);
                    let next = Visit {
                        id: item.content_id().to_owned(),
                        names: visit.names.clone(),
                        above: visit.above.clone(),
                    };
                    if item.target.is_some() {
                        shortcuts.push_back((next, item));
                    } else if here.insert(&item.id) {
                        self.enter(&mut walk, &mut queue, next, item);
                    }
                }
            }
            // One at a time: behind each there may be folders that others lead to.
            let Some((visit, item)) = shortcuts.pop_front() else {
                break;
            };
            let target = item.content_id();
            let barred = if item.is_broken {
                Some(Reason::ShortcutBroken)
            } else if visit.above.iter().any(|id| id == target) {
                Some(Reason::ShortcutLoop)
            } else if here.contains(target) {
                Some(Reason::ShortcutDuplicate)
            } else {
                None
            };
            if barred.is_some() {
                walk.placed.push(Placed {
                    folders: visit.names,
                    item,
                    barred,
                });
            } else {
                here.insert(target);
                self.enter(&mut walk, &mut queue, visit, item);
            }
        }
        walk.placed.sort_by(|a, b| {
            (&a.folders, &a.item.name, &a.item.id).cmp(&(&b.folders, &b.item.name, &b.item.id))
        });
        walk
    }

    /// Puts a file at its place, or goes on into a folder.
    fn enter<'a>(
        &self,
        walk: &mut Walk<'a>,
        queue: &mut VecDeque<Visit>,
        visit: Visit,
        item: &'a Item,
    ) {
        if !item.is_folder() {
            walk.placed.push(Placed {
                folders: visit.names,
                item,
                barred: None,
            });
            return;
        }
        // The root is level 0: with a depth of 1 its files alone are read.
        if visit.names.len().saturating_add(1) >= self.max_depth {
            walk.placed.push(Placed {
                folders: visit.names,
                item,
                barred: Some(Reason::TooDeep),
            });
            return;
        }
        walk.followed.insert(&item.id);
        walk.folders = walk.folders.saturating_add(1);
        if !item.is_read {
            walk.unread.push(visit.id.clone());
        }
        let mut names = visit.names;
        names.push(item.name.clone());
        let mut above = visit.above;
        above.push(visit.id.clone());
        queue.push_back(Visit {
            id: visit.id,
            names,
            above,
        });
    }
}

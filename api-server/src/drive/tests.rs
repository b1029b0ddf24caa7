//! Properties of what is pure: the tree that changes bring up to date, and the plan that is made from it.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::model::{Action, FOLDER, Holding, Item, Notice, Outcome, Reason, Refused};
use super::plan::{Entry, Facts, Plan, decide};
use super::rules::Rules;
use super::tree::{Change, Tree};
use crate::materials::MaterialId;

fn rules() -> Rules {
    Rules {
        extensions: ["pdf", "docx", "xlsx", "pptx", "txt"]
            .map(str::to_owned)
            .to_vec(),
        max_bytes: 1_000,
        videos: false,
        native: true,
        removal_share: 0.3,
        removal_floor: 2,
    }
}

fn file(id: &str, parent: &str, name: &str) -> Item {
    Item {
        id: id.to_owned(),
        parent: parent.to_owned(),
        name: name.to_owned(),
        mime: "text/plain".to_owned(),
        size: Some(10),
        md5: Some(format!("md5 of {id}")),
        version: "1".to_owned(),
        can_download: true,
        target: None,
        is_broken: false,
        is_read: false,
        refused: None,
    }
}

fn folder(id: &str, parent: &str, name: &str) -> Item {
    Item {
        mime: FOLDER.to_owned(),
        size: None,
        md5: None,
        ..file(id, parent, name)
    }
}

fn shortcut(id: &str, parent: &str, target: &str, mime: &str) -> Item {
    Item {
        target: Some(target.to_owned()),
        mime: mime.to_owned(),
        ..file(id, parent, id)
    }
}

/// A whole drive: folders by id, what lies in them; read as a crawl reads it.
#[derive(Debug, Clone, Default)]
struct World {
    items: BTreeMap<String, Item>,
    /// What was removed: Drive gives no id twice, and a folder that comes back has in it what it had.
    gone: BTreeSet<String>,
}

impl World {
    fn with(items: impl IntoIterator<Item = Item>) -> Self {
        Self {
            items: items
                .into_iter()
                .map(|item| (item.id.clone(), item))
                .collect(),
            ..Self::default()
        }
    }

    fn read_into(&self, tree: &mut Tree) {
        let mut asked = BTreeSet::new();
        loop {
            let mut unread = tree.walk().unread;
            unread.retain(|id| asked.insert(id.clone()));
            if unread.is_empty() {
                return;
            }
            for id in unread {
                let children: Vec<Item> = self
                    .items
                    .values()
                    .filter(|item| item.parent == id)
                    .cloned()
                    .collect();
                tree.read(&id, children);
            }
        }
    }

    fn crawled(&self, depth: usize) -> Tree {
        let mut tree = Tree::new("root", depth);
        self.read_into(&mut tree);
        tree
    }
}

/// Where everything lies, and why it is left out.
fn places(tree: &Tree) -> Vec<(String, Option<Reason>)> {
    tree.walk()
        .placed
        .iter()
        .map(|placed| {
            let mut path = placed.folders.clone();
            path.push(format!("{}#{}", placed.item.name, placed.item.id));
            (path.join("/"), placed.barred)
        })
        .collect()
}

#[test]
fn a_depth_of_one_is_the_folder_itself() {
    let world = World::with([
        file("a", "root", "a.txt"),
        folder("f", "root", "f"),
        file("b", "f", "b.txt"),
        folder("g", "f", "g"),
        file("c", "g", "c.txt"),
    ]);
    assert_eq!(
        places(&world.crawled(1)),
        [
            ("a.txt#a".to_owned(), None),
            ("f#f".to_owned(), Some(Reason::TooDeep))
        ]
    );
    assert_eq!(
        places(&world.crawled(2)),
        [
            ("a.txt#a".to_owned(), None),
            ("f/b.txt#b".to_owned(), None),
            ("f/g#g".to_owned(), Some(Reason::TooDeep)),
        ]
    );
}

#[test]
fn shortcuts_lead_only_to_what_is_not_here() {
    let broken = Item {
        is_broken: true,
        ..shortcut("gone", "root", "nowhere", "text/plain")
    };
    let world = World::with([
        folder("f", "root", "f"),
        file("a", "f", "a.txt"),
        shortcut("loop", "f", "root", FOLDER),
        shortcut("up", "f", "f", FOLDER),
        shortcut("twice", "root", "a", "text/plain"),
        shortcut("out", "root", "outside", FOLDER),
        file("b", "outside", "b.txt"),
        shortcut("back", "outside", "f", FOLDER),
        shortcut("file", "root", "c", "text/plain"),
        broken,
    ]);
    let found: BTreeMap<String, Option<Reason>> = places(&world.crawled(9)).into_iter().collect();
    let expected = [
        ("f/a.txt#a", None),
        ("f/loop#loop", Some(Reason::ShortcutLoop)),
        ("f/up#up", Some(Reason::ShortcutLoop)),
        ("twice#twice", Some(Reason::ShortcutDuplicate)),
        ("out/b.txt#b", None),
        ("out/back#back", Some(Reason::ShortcutDuplicate)),
        ("file#file", None),
        ("gone#gone", Some(Reason::ShortcutBroken)),
    ];
    assert_eq!(
        found,
        expected
            .into_iter()
            .map(|(path, why)| (path.to_owned(), why))
            .collect()
    );
}

#[test]
fn a_folder_takes_along_what_is_in_it() {
    let mut world = World::with([
        folder("f", "root", "f"),
        folder("g", "f", "g"),
        file("a", "g", "a.txt"),
        folder("h", "root", "h"),
        file("b", "h", "b.txt"),
    ]);
    let mut tree = world.crawled(9);
    assert_eq!(tree.walk().unread, [""; 0]);
    let moved = folder("g", "h", "novo");
    world.items.insert("g".to_owned(), moved.clone());
    tree.apply([Change::Now(Box::new(moved))]);
    let both: [(String, Option<Reason>); 2] = [
        ("h/b.txt#b".to_owned(), None),
        ("h/novo/a.txt#a".to_owned(), None),
    ];
    assert_eq!(places(&tree), both);
    assert_eq!(tree.walk().unread, [""; 0]);
    tree.apply([Change::Gone("h".to_owned())]);
    assert!(places(&tree).is_empty());
    // Back again, with everything in it: it is read anew.
    tree.apply([Change::Now(Box::new(folder("h", "root", "h")))]);
    assert_eq!(tree.walk().unread, ["h"]);
    world.read_into(&mut tree);
    assert_eq!(places(&tree), both);
}

#[test]
fn a_folder_that_seems_empty_is_read_again() {
    let world = World::with([folder("f", "root", "f"), file("a", "f", "a.txt")]);
    let mut tree = Tree::new("root", 9);
    tree.read("root", [folder("f", "root", "f")]);
    tree.read("f", []);
    assert_eq!(tree.walk().unread, ["f"]);
    world.read_into(&mut tree);
    assert_eq!(places(&tree), [("f/a.txt#a".to_owned(), None)]);
}

#[test]
fn what_was_too_deep_is_read_once_it_is_not() {
    let mut world = World::with([
        folder("f", "root", "f"),
        folder("g", "f", "g"),
        file("a", "g", "a.txt"),
    ]);
    let mut tree = world.crawled(2);
    let up = folder("g", "root", "g");
    world.items.insert("g".to_owned(), up.clone());
    tree.apply([Change::Now(Box::new(up))]);
    world.read_into(&mut tree);
    assert_eq!(places(&tree), [("g/a.txt#a".to_owned(), None)]);
    let down = folder("g", "f", "g");
    tree.apply([Change::Now(Box::new(down))]);
    assert_eq!(places(&tree), [("f/g#g".to_owned(), Some(Reason::TooDeep))]);
    let up = folder("g", "root", "g");
    tree.apply([Change::Now(Box::new(up))]);
    assert_eq!(tree.walk().unread, ["g"]);
}

fn plan_of(tree: &Tree, held: &BTreeMap<String, Holding>, allowed: Option<u64>) -> Plan {
    let walk = tree.walk();
    let facts = Facts {
        root: "Curso",
        placed: &walk.placed,
        unreadable: &[],
        held,
        allowed,
    };
    decide(&facts, &rules())
}

/// What is held once a plan has been carried out.
fn carried_out(
    plan: &Plan,
    tree: &Tree,
    held: &BTreeMap<String, Holding>,
) -> BTreeMap<String, Holding> {
    let mut held = held.clone();
    for entry in &plan.entries {
        match entry.action {
            Action::Remove if plan.asks.is_none() => {
                held.remove(&entry.file_id);
            }
            Action::Add | Action::Update | Action::Rename => {
                let item = tree.get(&entry.file_id).unwrap();
                let holding = Holding {
                    file_id: entry.file_id.clone(),
                    material_uid: format!("material of {}", entry.file_id),
                    content_key: item.content_key(),
                    wanted: entry.wanted.clone(),
                };
                held.insert(entry.file_id.clone(), holding);
            }
            Action::Remove | Action::Keep | Action::Skip => {}
        }
    }
    held
}

fn only(item: Item) -> Entry {
    let world = World::with([item]);
    let plan = plan_of(&world.crawled(9), &BTreeMap::new(), None);
    assert_eq!(plan.entries.len(), 1);
    plan.entries.into_iter().next().unwrap()
}

#[test]
fn names_become_ids_that_lead_nowhere_else() {
    let native = |mime: &str, name: &str| Item {
        mime: format!("application/vnd.google-apps.{mime}"),
        size: None,
        md5: None,
        ..file("a", "root", name)
    };
    for (item, wanted) in [
        (file("a", "root", "aula.txt"), "Curso/aula.txt"),
        (
            file("a", "root", "../../etc/passwd"),
            "Curso/_.._etc_passwd.txt",
        ),
        (file("a", "root", "aula."), "Curso/aula.txt"),
        (file("a", "root", "aula"), "Curso/aula.txt"),
        (file("a", "root", "1/2.txt"), "Curso/1_2.txt"),
        (file("a", "root", "AULA.PDF"), "Curso/AULA.PDF"),
        (native("document", "Plano"), "Curso/Plano.docx"),
        (native("document", "Plano v1.2"), "Curso/Plano v1.2.docx"),
        (native("spreadsheet", "Notas.xlsx"), "Curso/Notas.xlsx"),
        (native("presentation", "Aula"), "Curso/Aula.pptx"),
        (native("drawing", "Esquema"), "Curso/Esquema.pdf"),
    ] {
        let entry = only(item);
        assert_eq!(
            (entry.wanted.as_str(), entry.action),
            (wanted, Action::Add),
            "{entry:?}"
        );
    }
    let long = only(file("a", "root", &format!("{}.txt", "🏋️".repeat(60))));
    assert_eq!(long.action, Action::Add);
    assert!(
        long.wanted.len() <= 262 && MaterialId::parse(&long.wanted).unwrap().extension() == "txt",
        "{long:?}"
    );
}

#[test]
fn what_is_left_out_says_why() {
    let of = |change: &dyn Fn(&mut Item)| {
        let mut item = file("a", "root", "a.txt");
        change(&mut item);
        let entry = only(item);
        assert_eq!(entry.outcome, Outcome::Skipped, "{entry:?}");
        entry.reason.unwrap()
    };
    let native = |kind: &str| format!("application/vnd.google-apps.{kind}");
    assert_eq!(
        of(&|item| "a.mp4".clone_into(&mut item.name)),
        Reason::Video
    );
    assert_eq!(
        of(&|item| {
            "a.exe".clone_into(&mut item.name);
            item.mime = "application/x-dosexec".to_owned();
        }),
        Reason::UnsupportedType
    );
    assert_eq!(of(&|item| item.size = Some(1_001)), Reason::TooLarge);
    assert_eq!(of(&|item| item.size = Some(0)), Reason::Empty);
    assert_eq!(of(&|item| item.can_download = false), Reason::NoDownload);
    assert_eq!(
        of(&|item| item.mime = native("form")),
        Reason::NotExportable
    );
    let refused = Refused {
        content_key: "md5:md5 of a".to_owned(),
        wanted: "Curso/a.txt".to_owned(),
        reason: "content_mismatch".to_owned(),
    };
    assert_eq!(
        of(&|item| item.refused = Some(refused.clone())),
        Reason::ContentMismatch
    );
    let mut changed = file("a", "root", "a.txt");
    changed.refused = Some(Refused {
        content_key: "md5:another".to_owned(),
        ..refused
    });
    assert_eq!(only(changed).action, Action::Add);
}

fn many(count: usize) -> World {
    World::with((0..count).map(|number| {
        let id = format!("f{number:03}");
        file(&id, "root", &format!("{id}.txt"))
    }))
}

fn held_of(world: &World) -> BTreeMap<String, Holding> {
    let tree = world.crawled(9);
    carried_out(
        &plan_of(&tree, &BTreeMap::new(), None),
        &tree,
        &BTreeMap::new(),
    )
}

#[test]
fn removals_above_the_share_wait_for_somebody() {
    let whole = many(10);
    let held = held_of(&whole);
    let without = |gone: usize| {
        let mut world = whole.clone();
        for number in 0..gone {
            world.items.remove(&format!("f{number:03}"));
        }
        world.crawled(9)
    };
    let asks = |gone: usize, allowed| plan_of(&without(gone), &held, allowed).asks;
    assert_eq!(asks(3, None), None, "the share itself is allowed");
    assert_eq!(asks(4, None), Some(Notice::ManyRemovals));
    assert_eq!(
        asks(4, Some(3)),
        Some(Notice::ManyRemovals),
        "more than was confirmed"
    );
    assert_eq!(asks(4, Some(4)), None);
    assert_eq!(asks(10, None), Some(Notice::Emptied));
    assert_eq!(asks(10, Some(10)), None);
    // Two of two are within the floor, but leave nothing.
    let two = many(2);
    let held = held_of(&two);
    let empty = World::default().crawled(9);
    assert_eq!(plan_of(&empty, &held, None).asks, Some(Notice::Emptied));
    let mut one = two;
    one.items.remove("f000");
    assert_eq!(
        plan_of(&one.crawled(9), &held, None).asks,
        None,
        "within the floor"
    );
}

#[test]
fn a_reading_that_is_not_complete_removes_nothing() {
    let held = held_of(&many(10));
    let tree = many(1).crawled(9);
    let walk = tree.walk();
    let unreadable = [("f".to_owned(), "Módulo".to_owned())];
    let facts = Facts {
        root: "Curso",
        placed: &walk.placed,
        unreadable: &unreadable,
        held: &held,
        allowed: Some(100),
    };
    let plan = decide(&facts, &rules());
    assert!(
        plan.entries
            .iter()
            .all(|entry| entry.action != Action::Remove),
        "{plan:?}"
    );
    let failed: Vec<_> = plan
        .entries
        .iter()
        .filter(|entry| entry.outcome == Outcome::Failed)
        .collect();
    assert_eq!(
        (failed.len(), failed[0].reason),
        (1, Some(Reason::UnreadableFolder))
    );
}

/// What somebody does in a drive.
#[derive(Debug, Clone)]
enum Deed {
    File(usize, usize),
    Folder(usize, usize),
    Shortcut(usize, usize, usize),
    Move(usize, usize),
    Rename(usize, u8),
    Rewrite(usize),
    Remove(usize),
}

fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    let id = 0..12_usize;
    let folder = 0..5_usize;
    let deed = prop_oneof![
        3 => (id.clone(), folder.clone()).prop_map(|(id, at)| Deed::File(id, at)),
        2 => (folder.clone(), folder.clone()).prop_map(|(id, at)| Deed::Folder(id, at)),
        1 => (id.clone(), folder.clone(), folder.clone()).prop_map(|(id, at, to)| Deed::Shortcut(id, at, to)),
        2 => (0..17_usize, folder.clone()).prop_map(|(id, to)| Deed::Move(id, to)),
        1 => (0..17_usize, any::<u8>()).prop_map(|(id, name)| Deed::Rename(id, name)),
        1 => id.prop_map(Deed::Rewrite),
        2 => (0..17_usize).prop_map(Deed::Remove),
    ];
    proptest::collection::vec(deed, 1..40)
}

fn folder_id(number: usize) -> String {
    // Two lie outside of what is mirrored.
    match number {
        0 => "root".to_owned(),
        4 => "outside".to_owned(),
        _ => format!("d{number}"),
    }
}

fn any_id(number: usize) -> String {
    if number < 12 {
        format!("f{number}")
    } else {
        folder_id(number - 12)
    }
}

/// Whether a folder lies below another, or is it: Drive lets nobody make circles.
fn is_below(world: &World, id: &str, above: &str) -> bool {
    let mut at = Some(id.to_owned());
    let mut steps = 0;
    while let Some(id) = at {
        if id == above {
            return true;
        }
        steps += 1;
        assert!(steps < 100, "a circle");
        at = world.items.get(&id).map(|item| item.parent.clone());
    }
    false
}

/// Everything below a folder goes with it.
fn remove_all(world: &mut World, id: &str) {
    world.items.remove(id);
    world.gone.insert(id.to_owned());
    let below: Vec<String> = world
        .items
        .values()
        .filter(|item| item.parent == id)
        .map(|item| item.id.clone())
        .collect();
    for id in below {
        remove_all(world, &id);
    }
}

/// Does it, and what Drive tells of it: of the thing itself alone, never of what is in it.
fn act(world: &mut World, deed: &Deed, count: usize) -> Option<Change> {
    let exists =
        |world: &World, id: &str| id == "root" || id == "outside" || world.items.contains_key(id);
    let put = |world: &mut World, item: Item| {
        world.items.insert(item.id.clone(), item.clone());
        Some(Change::Now(Box::new(item)))
    };
    match deed {
        Deed::File(id, at) => {
            let (id, at) = (format!("f{id}"), folder_id(*at));
            if world.items.contains_key(&id) || !exists(world, &at) {
                return None;
            }
            let item = Item {
                md5: Some(format!("{count}")),
                ..file(&id, &at, &format!("{id}.txt"))
            };
            put(world, item)
        }
        Deed::Folder(id, at) => {
            let (id, at) = (folder_id(*id), folder_id(*at));
            if exists(world, &id) || world.gone.contains(&id) || !exists(world, &at) {
                return None;
            }
            put(world, folder(&id, &at, &id))
        }
        Deed::Shortcut(id, at, to) => {
            let (id, at, to) = (format!("f{id}"), folder_id(*at), folder_id(*to));
            if world.items.contains_key(&id)
                || !exists(world, &at)
                || !exists(world, &to)
                || to == "root"
            {
                return None;
            }
            put(world, shortcut(&id, &at, &to, FOLDER))
        }
        Deed::Move(id, to) => {
            let (id, to) = (any_id(*id), folder_id(*to));
            if !exists(world, &to) || is_below(world, &to, &id) {
                return None;
            }
            let mut item = world.items.get(&id)?.clone();
            item.parent = to;
            put(world, item)
        }
        Deed::Rename(id, name) => {
            let mut item = world.items.get(&any_id(*id))?.clone();
            item.name = format!("{name}.txt");
            put(world, item)
        }
        Deed::Rewrite(id) => {
            let mut item = world.items.get(&format!("f{id}"))?.clone();
            item.md5 = Some(format!("{count}"));
            put(world, item)
        }
        Deed::Remove(id) => {
            let id = any_id(*id);
            if !world.items.contains_key(&id) || leads_there(world, &id) {
                return None;
            }
            remove_all(world, &id);
            Some(Change::Gone(id))
        }
    }
}

/// Whether a shortcut leads to something or into it: of that end Drive tells nobody, and reading everything anew finds it.
fn leads_there(world: &World, id: &str) -> bool {
    world
        .items
        .values()
        .filter_map(|item| item.target.as_deref())
        .any(|target| is_below(world, target, id))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn changes_lead_where_reading_everything_leads(deeds in deeds(), depth in 1..6_usize) {
        let mut world = World::default();
        let mut tree = world.crawled(depth);
        let mut told = Vec::new();
        for (count, deed) in deeds.iter().enumerate() {
            told.extend(act(&mut world, deed, count));
            // Now and then somebody looks.
            if count % 4 == 3 {
                tree.apply(told.drain(..));
                world.read_into(&mut tree);
                prop_assert_eq!(places(&tree), places(&world.crawled(depth)));
            }
        }
        tree.apply(told);
        world.read_into(&mut tree);
        prop_assert_eq!(places(&tree), places(&world.crawled(depth)));
    }

    #[test]
    fn a_plan_that_was_carried_out_leaves_nothing_to_do(deeds in deeds(), kept in proptest::collection::vec(any::<bool>(), 40)) {
        let mut world = World::default();
        let mut held = BTreeMap::new();
        for (count, deed) in deeds.iter().enumerate() {
            act(&mut world, deed, count);
            if !kept[count] {
                continue;
            }
            let tree = world.crawled(9);
            let plan = plan_of(&tree, &held, Some(u64::MAX));
            prop_assert_eq!(plan.asks, None);
            // Every file has one row, every removal one.
            let rows: BTreeSet<_> = plan.entries.iter().map(|entry| (entry.action == Action::Remove, &entry.file_id)).collect();
            prop_assert_eq!(rows.len(), plan.entries.len());
            prop_assert_eq!(plan.entries.iter().filter(|entry| entry.action != Action::Remove).count(), tree.walk().placed.len());
            held = carried_out(&plan, &tree, &held);
            let again = plan_of(&tree, &held, None);
            prop_assert!(again.entries.iter().all(|entry| matches!(entry.outcome, Outcome::Unchanged | Outcome::Skipped)), "{:?}", again);
            // What is held is what the folder has, and nothing else.
            let there: BTreeSet<String> = tree.walk().placed.iter()
                .filter(|placed| placed.barred.is_none())
                .map(|placed| placed.item.id.clone())
                .collect();
            prop_assert_eq!(held.keys().cloned().collect::<BTreeSet<_>>(), there);
        }
    }
}

//! What Drive says, what we hold and the rules → what is to be done, and the ledger of it. Pure.

use std::collections::{BTreeMap, BTreeSet};

use super::model::{Action, Holding, Notice, Outcome, Reason};
use super::rules::Rules;
use super::tree::Placed;

/// One row of the ledger, as planned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) file_id: String,
    /// Names as Drive has them, with slashes.
    pub(super) path: String,
    /// The id its material is to have; empty for what is none.
    pub(super) wanted: String,
    pub(super) mime: String,
    pub(super) size: u64,
    pub(super) action: Action,
    pub(super) outcome: Outcome,
    pub(super) reason: Option<Reason>,
    pub(super) material_uid: Option<String>,
}

/// What a run does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Plan {
    /// A row for everything listed, then one for every removal.
    pub(super) entries: Vec<Entry>,
    /// Removals wait for somebody: why.
    pub(super) asks: Option<Notice>,
}

/// What is known of a folder.
#[derive(Debug)]
pub(super) struct Facts<'a> {
    /// Name of the folder itself.
    pub(super) root: &'a str,
    /// What Drive listed.
    pub(super) placed: &'a [Placed<'a>],
    /// Folders that could not be read: id and name.
    pub(super) unreadable: &'a [(String, String)],
    /// What is held, with materials that exist.
    pub(super) held: &'a BTreeMap<String, Holding>,
    /// How many removals somebody confirmed.
    pub(super) allowed: Option<u64>,
}

/// Decides. What Drive listed is complete unless there are unreadable folders; then nothing is removed, because what was
/// not seen need not be gone.
pub(super) fn decide(facts: &Facts<'_>, rules: &Rules) -> Plan {
    let mut entries = Vec::with_capacity(facts.placed.len());
    let mut mirrored: BTreeSet<&str> = BTreeSet::new();
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    for placed in facts.placed {
        let entry = entry(facts, placed, rules);
        seen.insert(&placed.item.id);
        if entry.outcome != Outcome::Skipped {
            mirrored.insert(&placed.item.id);
        }
        entries.push(entry);
    }
    entries.extend(facts.unreadable.iter().map(|(id, name)| Entry {
        file_id: id.clone(),
        path: name.clone(),
        wanted: String::new(),
        mime: super::model::FOLDER.to_owned(),
        size: 0,
        action: Action::Skip,
        outcome: Outcome::Failed,
        reason: Some(Reason::UnreadableFolder),
        material_uid: None,
    }));
    if !facts.unreadable.is_empty() {
        return Plan {
            entries,
            asks: None,
        };
    }
    let removals: Vec<Entry> = facts
        .held
        .values()
        .filter(|held| !mirrored.contains(held.file_id.as_str()))
        .map(|held| Entry {
            file_id: held.file_id.clone(),
            path: held.wanted.clone(),
            wanted: String::new(),
            mime: String::new(),
            size: 0,
            action: Action::Remove,
            outcome: Outcome::Waiting,
            reason: Some(if seen.contains(held.file_id.as_str()) {
                Reason::ByRule
            } else {
                Reason::Deleted
            }),
            material_uid: Some(held.material_uid.clone()),
        })
        .collect();
    let asks = asks(facts, rules, mirrored.len(), removals.len());
    entries.extend(removals);
    Plan { entries, asks }
}

/// Whether removals wait for somebody.
fn asks(facts: &Facts<'_>, rules: &Rules, mirrored: usize, removals: usize) -> Option<Notice> {
    let is_allowed = facts
        .allowed
        .is_some_and(|allowed| removals as u64 <= allowed);
    if removals == 0 || is_allowed {
        return None;
    }
    // A token that has run out, or a folder that is not shared any more, looks like an empty folder.
    if mirrored == 0 {
        return Some(Notice::Emptied);
    }
    let share = removals as f64 / facts.held.len().max(1) as f64;
    (removals > rules.removal_floor && share > rules.removal_share).then_some(Notice::ManyRemovals)
}

fn entry(facts: &Facts<'_>, placed: &Placed<'_>, rules: &Rules) -> Entry {
    let item = placed.item;
    let held = facts.held.get(&item.id);
    let path: Vec<&str> = std::iter::once(facts.root)
        .chain(placed.folders.iter().map(String::as_str))
        .chain([item.name.as_str()])
        .collect();
    let mut entry = Entry {
        file_id: item.id.clone(),
        path: path.join("/"),
        wanted: String::new(),
        mime: item.mime.clone(),
        size: item.size.unwrap_or(0),
        action: Action::Skip,
        outcome: Outcome::Skipped,
        reason: placed.barred,
        material_uid: held.map(|held| held.material_uid.clone()),
    };
    if placed.barred.is_some() {
        return entry;
    }
    let folders: Vec<String> = std::iter::once(facts.root.to_owned())
        .chain(placed.folders.iter().cloned())
        .collect();
    match rules.wanted(&folders, item) {
        Err(reason) => entry.reason = Some(reason),
        Ok(wanted) if item.refusal(wanted.as_str()).is_some() => {
            entry.reason = item.refusal(wanted.as_str());
        }
        Ok(wanted) => {
            let (action, outcome) = match held {
                None => (Action::Add, Outcome::Pending),
                Some(held) if held.content_key != item.content_key() => {
                    (Action::Update, Outcome::Pending)
                }
                Some(held) if held.wanted != wanted.as_str() => (Action::Rename, Outcome::Pending),
                Some(_) => (Action::Keep, Outcome::Unchanged),
            };
            wanted.as_str().clone_into(&mut entry.wanted);
            entry.action = action;
            entry.outcome = outcome;
        }
    }
    entry
}

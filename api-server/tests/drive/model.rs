//! Random acts on a folder, faults in between, and after each sync the question whether materials and index are what the
//! folder holds.
//!
//! Sixty acts here; `DRIVE_OPERATIONS=2000 cargo test -p api-server --test drive random_acts -- --nocapture` makes the figure of
//! `docs/drive.md`, and `DRIVE_SEED` another story.

use std::collections::BTreeSet;
use std::time::Duration;

use rand::rngs::SmallRng;
use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value, json};

use crate::fake::faults::{Act, Call, Fault, refuse};
use crate::fake::oauth::ROBOT;
use crate::fake::office;
use crate::fake::world::{Content, DOCUMENT, FOLDER, PRESENTATION, SHORTCUT, SPREADSHEET, World};
use crate::process::number;
use crate::stage::{OWNER, Stage, expected};
use crate::test_app::On;

/// Levels below the folder; the server reads more.
const DEEPEST: usize = 4;

/// Who acts on the folder.
struct Player {
    random: SmallRng,
    root: String,
    /// Lies beside the folder, in sight of the service account.
    outside: String,
    /// Beside it, out of sight.
    hidden: String,
    written: usize,
}

impl Player {
    fn text(&mut self) -> String {
        // Now and then the same as before: content is stored once, materials are two.
        if !self.random.random_bool(0.1) {
            self.written += 1;
        }
        format!(
            "# Aula\n\nA palavra marcador{}x só existe aqui.\n",
            self.written
        )
    }

    fn content(&mut self, mime: &str) -> Content {
        let text = self.text();
        match mime {
            DOCUMENT => office::document(&text),
            SPREADSHEET => office::spreadsheet(&text),
            PRESENTATION => office::presentation(&text),
            _ => Content::Bytes(text.into()),
        }
    }

    /// Ids below a folder, without itself, for which this holds.
    fn below(world: &World, folder: &str, holds: impl Fn(&str) -> bool) -> Vec<String> {
        let all = world.subtree(folder).into_iter().skip(1);
        all.filter(|id| holds(&world.files[id].mime)).collect()
    }

    fn any(&mut self, ids: &[String]) -> Option<String> {
        ids.choose(&mut self.random).cloned()
    }

    /// The folder, one in it, or now and then one beside it.
    fn some_folder(&mut self, world: &World) -> String {
        if self.random.random_bool(0.1) {
            return self.outside.clone();
        }
        let mut folders = Self::below(world, &self.root, |mime| mime == FOLDER);
        folders.retain(|id| world.way_up(id).len() < DEEPEST + 2);
        folders.push(self.root.clone());
        self.any(&folders).unwrap()
    }

    fn name(&mut self, mime: &str) -> String {
        let number = self.random.random_range(0..12);
        match mime {
            FOLDER => format!("Módulo {number}"),
            DOCUMENT | SPREADSHEET | PRESENTATION => format!("Notas {number}"),
            "text/plain" => format!("aula {number}.txt"),
            _ => format!("aula {number}.md"),
        }
    }

    /// One act; what it was.
    fn act(&mut self, world: &mut World) -> String {
        let inside = Self::below(world, &self.root, |_| true);
        let is_file = |mime: &str| mime != FOLDER && mime != SHORTCUT;
        let mut files = Self::below(world, &self.root, is_file);
        files.extend(Self::below(world, &self.outside, is_file));
        let beside = Self::below(world, &self.outside, |_| true);
        let led_to: BTreeSet<String> = world
            .files
            .values()
            .filter_map(|file| file.target.clone())
            .collect();
        match self.random.random_range(0..100) {
            0..30 => {
                let folder = self.some_folder(world);
                let kinds = [
                    "text/plain",
                    "text/markdown",
                    "text/markdown",
                    DOCUMENT,
                    SPREADSHEET,
                    PRESENTATION,
                ];
                let mime = *kinds.choose(&mut self.random).unwrap();
                let (name, content) = (self.name(mime), self.content(mime));
                let id = world.add(&folder, &name, mime, content);
                format!("add {id} {name} in {folder}")
            }
            30..38 => {
                let folder = self.some_folder(world);
                let name = self.name(FOLDER);
                let id = world.add_folder(&folder, &name);
                format!("add folder {id} {name} in {folder}")
            }
            38..50 => match self.any(&files) {
                Some(id) => {
                    let mime = world.files[&id].mime.clone();
                    let content = self.content(&mime);
                    world.rewrite(&id, content);
                    format!("rewrite {id}")
                }
                None => String::new(),
            },
            50..60 => match self.any(&inside) {
                Some(id) if world.files[&id].mime != SHORTCUT => {
                    let mime = world.files[&id].mime.clone();
                    let name = self.name(&mime);
                    world.rename(&id, &name);
                    format!("rename {id} to {name}")
                }
                _ => String::new(),
            },
            60..74 => {
                let from = if self.random.random_bool(0.2) {
                    &beside
                } else {
                    &inside
                };
                let Some(id) = self.any(&from.clone()) else {
                    return String::new();
                };
                let to = if self.random.random_bool(0.1) {
                    self.hidden.clone()
                } else {
                    self.some_folder(world)
                };
                let is_below = world.way_up(&to).contains(&id);
                let levels =
                    world.way_up(&to).len() + usize::from(world.files[&id].mime == FOLDER) * 2;
                // What shortcuts lead to lies beside the folder, or in it for good: of two ways to a file neither is the right one.
                let arrives = self.outside == *world.files[&id].parent.as_ref().unwrap()
                    && world.way_up(&to).contains(&self.root);
                let is_led_to = world
                    .subtree(&id)
                    .iter()
                    .any(|below| led_to.contains(below));
                if is_below || levels > DEEPEST + 3 || (is_led_to && !arrives) {
                    return String::new();
                }
                world.move_to(&id, &to);
                format!("move {id} to {to}")
            }
            74..82 => match self.any(&inside) {
                Some(id) => {
                    let trashed = !world.files[&id].trashed;
                    world.set_trashed(&id, trashed);
                    format!("trashed {id}: {trashed}")
                }
                None => String::new(),
            },
            82..90 => {
                // What comes back from the trash most of all.
                let trashed: Vec<String> = inside
                    .iter()
                    .filter(|id| world.files[*id].trashed)
                    .cloned()
                    .collect();
                match self.any(&trashed) {
                    Some(id) => {
                        world.set_trashed(&id, false);
                        format!("trashed {id}: false")
                    }
                    None => String::new(),
                }
            }
            90..94 => match self.any(&inside) {
                Some(id) => {
                    world.delete(&id);
                    format!("delete {id}")
                }
                None => String::new(),
            },
            94..97 => {
                // To what lies beside, once each: which of two would be taken is not said.
                let free: Vec<String> = world
                    .children(&self.outside)
                    .filter(|file| file.mime != SHORTCUT && !led_to.contains(&file.id))
                    .map(|file| file.id.clone())
                    .collect();
                match self.any(&free) {
                    Some(target) => {
                        let (folder, name) =
                            (self.some_folder(world), world.files[&target].name.clone());
                        let id = world.add_shortcut(&folder, &name, &target);
                        format!("shortcut {id} to {target} in {folder}")
                    }
                    None => String::new(),
                }
            }
            97 => {
                let name = format!("Curso {}", self.random.random_range(0..5));
                world.rename(&self.root, &name);
                format!("rename the folder to {name}")
            }
            _ => {
                world.tells_descendants = !world.tells_descendants;
                format!("tells descendants: {}", world.tells_descendants)
            }
        }
    }

    /// One to three faults; what they are.
    fn spoil(&mut self, stage: &Stage) -> String {
        let mut told = String::new();
        for _ in 0..self.random.random_range(1..4) {
            let calls = [
                Call::List,
                Call::List,
                Call::List,
                Call::Changes,
                Call::Changes,
                Call::Get,
                Call::Download,
                Call::Download,
                Call::Export,
                Call::StartPageToken,
                Call::Token,
            ];
            let call = *calls.choose(&mut self.random).unwrap();
            let mut acts = vec![
                refuse("rateLimitExceeded"),
                refuse("userRateLimitExceeded"),
                refuse("dailyLimitExceeded"),
                refuse("tooManyRequests"),
                refuse("backendError"),
                refuse("transientError"),
                refuse("authError"),
                refuse("insufficientFilePermissions"),
                refuse("notFound"),
                refuse("invalid"),
                Act::Cut(30),
                Act::HangUp,
                Act::Wait(Duration::from_millis(20)),
                Act::Instead {
                    content_type: "text/html",
                    body: "<html><body>Entrar</body></html>",
                },
            ];
            match call {
                Call::List => acts.extend([Act::Loop, Act::Nothing, Act::Incomplete, Act::Nothing]),
                Call::Changes => acts.extend([Act::Loop, Act::Loop]),
                // Whoever is told that the target of a shortcut is not there has nobody else to ask.
                Call::Get => acts.retain(|act| {
                    !matches!(
                        act,
                        Act::Refuse {
                            reason: "notFound" | "insufficientFilePermissions" | "invalid",
                            ..
                        }
                    )
                }),
                Call::Download => acts.extend([Act::Spoil, Act::Spoil, Act::WholeBody]),
                Call::Token => {
                    stage.drive.oauth().expire_access();
                    acts = vec![
                        Act::RefuseToken("invalid_grant"),
                        refuse("backendError"),
                        Act::HangUp,
                    ];
                }
                _ => {}
            }
            let act = acts.choose(&mut self.random).unwrap().clone();
            let times = *[1, 1, 2, 5, 1000].choose(&mut self.random).unwrap();
            let after = self.random.random_range(0..4);
            told += &format!("{call:?} {act:?} after {after}, {times} times; ");
            stage
                .drive
                .fail(Fault::once(call, act).after(after).times(times));
        }
        told
    }
}

/// No material is gone whose file is still there.
fn wrong_removals(stage: &Stage, rows: &[Value]) -> usize {
    let there = expected(&stage.drive.world(), &stage.folder);
    rows.iter()
        .filter(|row| {
            row["outcome"] == "removed" && there.contains_key(row["file_id"].as_str().unwrap())
        })
        .count()
}

#[tokio::test(flavor = "multi_thread")]
async fn random_acts_and_faults_are_mirrored_exactly() {
    let operations = number("DRIVE_OPERATIONS", 60);
    let seed = number("DRIVE_SEED", 20_261_121);
    let stage = Stage::with_rag(On::Embedded).await.unwrap();
    let mut player = {
        let mut world = stage.drive.world();
        let top = world.add_user(OWNER);
        let outside = world.add_folder(&top, "Ao lado");
        world.share(&outside, ROBOT);
        let hidden = world.add_folder(&top, "Escondida");
        Player {
            random: SmallRng::seed_from_u64(seed as u64),
            root: stage.folder.clone(),
            outside,
            hidden,
            written: 0,
        }
    };
    let (mut acted, mut syncs, mut faulty, mut removed, mut wrong, mut incremental) =
        (0, 0, 0, 0, 0, 0);
    let mut rounds = 0;
    let mut story = Vec::new();
    while acted < operations {
        for _ in 0..player.random.random_range(1..8) {
            let told = player.act(&mut stage.drive.world());
            if !told.is_empty() {
                story.push(told);
                acted += 1;
            }
        }
        let mut runs = Vec::new();
        if player.random.random_bool(0.5) {
            story.push(player.spoil(&stage));
            let full = player.random.random_bool(0.3);
            let id = stage.start(json!({ "full": full })).await;
            runs.push(stage.end_of(&id).await);
            faulty += 1;
            stage.drive.heal();
        }
        // That a folder just arrived is empty, only Drive can know: when it lied, a look at everything tells.
        let lied = story.last().is_some_and(|told| told.contains("Nothing"));
        let id = stage.start(json!({ "full": lied })).await;
        let mut run = stage.end_of(&id).await;
        if run["state"] == "needs_confirmation" {
            runs.push(run.clone());
            run = stage.confirm(&run).await;
        }
        incremental += usize::from(run["kind"] == "incremental");
        let last: Vec<&String> = story.iter().rev().take(25).collect();
        assert_eq!(
            run["state"], "completed",
            "seed {seed}: {run}; before it: {last:#?}"
        );
        runs.push(run.clone());
        for run in &runs {
            let rows = stage.rows(run).await;
            removed += rows
                .iter()
                .filter(|row| row["outcome"] == "removed")
                .count();
            let wrongly = wrong_removals(&stage, &rows);
            assert_eq!(
                wrongly, 0,
                "seed {seed}: {run}: {rows:#?}; before it: {last:#?}"
            );
            wrong += wrongly;
        }
        stage
            .assert_exact(&format!("seed {seed}: {run}; before it: {last:#?}"))
            .await;
        syncs += runs.len();
        rounds += 1;
        if rounds % 25 == 0 {
            stage.assert_indexed().await;
        }
    }
    stage.assert_indexed().await;
    assert!(syncs > 0 && incremental > 0, "nothing was tried");
    eprintln!(
        "seed {seed}: {acted} acts, {syncs} syncs ({incremental} by changes, {faulty} with faults), {removed} removals, {wrong} of them wrong"
    );
    stage.stop().await;
}

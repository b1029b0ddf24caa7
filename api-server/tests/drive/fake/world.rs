//! What is in the drives: files, folders, who may see them, and the log of what changed.

use std::collections::{BTreeMap, BTreeSet};

use actix_web::web::Bytes;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use md5::Md5;
use sha2::{Digest as _, Sha256};

pub(crate) const FOLDER: &str = "application/vnd.google-apps.folder";
pub(crate) const SHORTCUT: &str = "application/vnd.google-apps.shortcut";
pub(crate) const DOCUMENT: &str = "application/vnd.google-apps.document";
pub(crate) const SPREADSHEET: &str = "application/vnd.google-apps.spreadsheet";
pub(crate) const PRESENTATION: &str = "application/vnd.google-apps.presentation";
pub(crate) const DRAWING: &str = "application/vnd.google-apps.drawing";

/// Milliseconds since 1970 at which the world begins: 2026-01-05 12:00 UTC.
const BEGINNING: i64 = 1_767_614_400_000;
/// Deeper than Drive lets folders be (100 levels), so that a fault of the fake ends.
const DEPTH: usize = 200;

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Caller {
    /// Somebody with a token, by e-mail.
    User(String),
    /// A program with an API key: sees what everybody may see.
    Key,
}

/// What a file holds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Content {
    /// Folders and shortcuts.
    None,
    Bytes(Bytes),
    /// So many zero bytes, which take no memory.
    Zeros(u64),
    /// A document of Google's own, by what it exports to.
    Native(BTreeMap<&'static str, Bytes>),
}

#[derive(Debug, Clone)]
pub(crate) struct File {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) mime: String,
    pub(crate) parent: Option<String>,
    /// The shared drive it lies in.
    pub(crate) drive: Option<String>,
    pub(crate) owner: String,
    /// Trashed itself, not by a folder above it.
    pub(crate) trashed: bool,
    pub(crate) content: Content,
    pub(crate) md5: String,
    pub(crate) version: u64,
    pub(crate) created: i64,
    pub(crate) modified: i64,
    pub(crate) target: Option<String>,
    /// E-mails, or `anyone`.
    pub(crate) readers: BTreeSet<String>,
    /// Readers may download, print and copy.
    pub(crate) downloadable: bool,
}

/// One entry of the log; its number is its place in it, from 1.
#[derive(Debug, Clone)]
pub(crate) struct Change {
    pub(crate) file: String,
    pub(crate) at: i64,
    /// For whom it is gone: deleted, or out of sight.
    pub(crate) gone_for: BTreeSet<String>,
}

/// Everything.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) files: BTreeMap<String, File>,
    /// Shared drives: id, name, members.
    pub(crate) drives: BTreeMap<String, (String, BTreeSet<String>)>,
    /// Users: e-mail, id of the root folder.
    pub(crate) users: BTreeMap<String, String>,
    pub(crate) log: Vec<Change>,
    /// Whether a change of a folder is told for all below it too. Drive does so now and then.
    pub(crate) tells_descendants: bool,
    now: i64,
    made: u64,
    seed: u64,
}

impl World {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            files: BTreeMap::new(),
            drives: BTreeMap::new(),
            users: BTreeMap::new(),
            log: Vec::new(),
            tells_descendants: false,
            now: BEGINNING,
            made: 0,
            seed,
        }
    }

    /// An id as Drive makes them: 33 characters, told by nothing.
    fn new_id(&mut self, start: &str, length: usize) -> String {
        self.made += 1;
        let hash = Sha256::digest(format!("{}:{}", self.seed, self.made));
        let mut id = format!("{start}{}", URL_SAFE_NO_PAD.encode(hash));
        id.truncate(length);
        id
    }

    fn tick(&mut self) -> i64 {
        self.now += 1000;
        self.now
    }

    /// Somebody, with an empty drive. Gives the id of its root.
    pub(crate) fn add_user(&mut self, email: &str) -> String {
        if let Some(root) = self.users.get(email) {
            return root.clone();
        }
        let root = self.new_id("0A", 19);
        let file = self.blank(root.clone(), None, "Meu Drive", FOLDER, email);
        self.files.insert(root.clone(), file);
        self.users.insert(email.to_owned(), root.clone());
        root
    }

    /// A shared drive. Its id is also the id of its root.
    pub(crate) fn add_drive(&mut self, name: &str, members: &[&str]) -> String {
        let id = self.new_id("0A", 19);
        let mut file = self.blank(id.clone(), None, name, FOLDER, "");
        file.drive = Some(id.clone());
        self.files.insert(id.clone(), file);
        let members = members.iter().map(|member| (*member).to_owned()).collect();
        self.drives.insert(id.clone(), (name.to_owned(), members));
        id
    }

    fn blank(
        &mut self,
        id: String,
        parent: Option<&str>,
        name: &str,
        mime: &str,
        owner: &str,
    ) -> File {
        let now = self.tick();
        File {
            id,
            name: name.to_owned(),
            mime: mime.to_owned(),
            parent: parent.map(str::to_owned),
            drive: None,
            owner: owner.to_owned(),
            trashed: false,
            content: Content::None,
            md5: String::new(),
            version: 1,
            created: now,
            modified: now,
            target: None,
            readers: BTreeSet::new(),
            downloadable: true,
        }
    }

    /// Anything, in a folder.
    pub(crate) fn add(&mut self, parent: &str, name: &str, mime: &str, content: Content) -> String {
        let id = self.new_id("1", 33);
        let (owner, drive) = self
            .files
            .get(parent)
            .map(|folder| (folder.owner.clone(), folder.drive.clone()))
            .expect("the folder exists");
        let mut file = self.blank(id.clone(), Some(parent), name, mime, &owner);
        file.drive = drive;
        file.md5 = md5_of(&content);
        file.content = content;
        self.files.insert(id.clone(), file);
        self.tell(&id);
        id
    }

    pub(crate) fn add_folder(&mut self, parent: &str, name: &str) -> String {
        self.add(parent, name, FOLDER, Content::None)
    }

    pub(crate) fn add_file(
        &mut self,
        parent: &str,
        name: &str,
        mime: &str,
        bytes: impl Into<Bytes>,
    ) -> String {
        self.add(parent, name, mime, Content::Bytes(bytes.into()))
    }

    pub(crate) fn add_shortcut(&mut self, parent: &str, name: &str, target: &str) -> String {
        let id = self.add(parent, name, SHORTCUT, Content::None);
        self.file(&id).target = Some(target.to_owned());
        id
    }

    fn file(&mut self, id: &str) -> &mut File {
        self.files.get_mut(id).expect("the file exists")
    }

    fn changed(&mut self, id: &str) {
        let now = self.tick();
        let file = self.file(id);
        file.version += 1;
        file.modified = now;
        self.tell(id);
    }

    pub(crate) fn rename(&mut self, id: &str, name: &str) {
        name.clone_into(&mut self.file(id).name);
        self.changed(id);
    }

    /// Moves it; a folder is never moved below itself.
    pub(crate) fn move_to(&mut self, id: &str, parent: &str) {
        assert!(
            !self.way_up(parent).contains(&id.to_owned()),
            "a folder below itself"
        );
        let before = self.readers_of(id);
        let drive = self.files[parent].drive.clone();
        for below in self.subtree(id) {
            self.file(&below).drive.clone_from(&drive);
        }
        self.file(id).parent = Some(parent.to_owned());
        self.changed(id);
        self.tell_gone(id, &before);
    }

    pub(crate) fn rewrite(&mut self, id: &str, content: Content) {
        let md5 = md5_of(&content);
        let file = self.file(id);
        file.content = content;
        file.md5 = md5;
        self.changed(id);
    }

    pub(crate) fn set_trashed(&mut self, id: &str, trashed: bool) {
        self.file(id).trashed = trashed;
        self.changed(id);
    }

    /// For ever, with all below it.
    pub(crate) fn delete(&mut self, id: &str) {
        let readers = self.readers_of(id);
        let gone = self.subtree(id);
        let at = self.tick();
        for (number, below) in gone.iter().enumerate() {
            if number == 0 || self.tells_descendants {
                self.log.push(Change {
                    file: below.clone(),
                    at,
                    gone_for: readers.clone(),
                });
            }
        }
        for below in &gone {
            self.files.remove(below);
        }
    }

    /// Lets somebody (or `anyone`) read it and all below it.
    pub(crate) fn share(&mut self, id: &str, with: &str) {
        self.file(id).readers.insert(with.to_owned());
        self.tell(id);
    }

    pub(crate) fn unshare(&mut self, id: &str, with: &str) {
        let before = self.readers_of(id);
        self.file(id).readers.remove(with);
        self.tell_gone(id, &before);
    }

    fn tell(&mut self, id: &str) {
        let at = self.now;
        let told = if self.tells_descendants {
            self.subtree(id)
        } else {
            vec![id.to_owned()]
        };
        for file in told {
            self.log.push(Change {
                file,
                at,
                gone_for: BTreeSet::new(),
            });
        }
    }

    /// Tells those who can no longer see it.
    fn tell_gone(&mut self, id: &str, before: &BTreeSet<String>) {
        let after = self.readers_of(id);
        let gone_for: BTreeSet<String> = before.difference(&after).cloned().collect();
        if !gone_for.is_empty() {
            let (file, at) = (id.to_owned(), self.now);
            self.log.push(Change { file, at, gone_for });
        }
    }

    /// A file, its folder, and so on.
    pub(crate) fn way_up(&self, id: &str) -> Vec<String> {
        let mut way = Vec::new();
        let mut next = Some(id.to_owned());
        while let Some(id) = next.take().filter(|_| way.len() < DEPTH) {
            next = self.files.get(&id).and_then(|file| file.parent.clone());
            way.push(id);
        }
        way
    }

    /// It and all below it.
    pub(crate) fn subtree(&self, id: &str) -> Vec<String> {
        let mut all = vec![id.to_owned()];
        let mut at = 0;
        while let Some(folder) = all.get(at).cloned() {
            all.extend(self.children(&folder).map(|file| file.id.clone()));
            at += 1;
        }
        all
    }

    pub(crate) fn children<'a>(&'a self, folder: &'a str) -> impl Iterator<Item = &'a File> {
        self.files
            .values()
            .filter(move |file| file.parent.as_deref() == Some(folder))
    }

    /// E-mails, and `anyone`, by all that is above it.
    fn readers_of(&self, id: &str) -> BTreeSet<String> {
        let mut readers = BTreeSet::new();
        for id in self.way_up(id) {
            if let Some(file) = self.files.get(&id) {
                readers.extend(file.readers.iter().cloned());
                if !file.owner.is_empty() {
                    readers.insert(file.owner.clone());
                }
            }
            if let Some((_, members)) = self.drives.get(&id) {
                readers.extend(members.iter().cloned());
            }
        }
        readers
    }

    pub(crate) fn may_read(&self, caller: &Caller, id: &str) -> bool {
        if !self.files.contains_key(id) {
            return false;
        }
        let readers = self.readers_of(id);
        readers.contains("anyone")
            || matches!(caller, Caller::User(email) if readers.contains(email))
    }

    /// In the trash, itself or with a folder above it.
    pub(crate) fn is_trashed(&self, id: &str) -> bool {
        self.way_up(id)
            .iter()
            .any(|id| self.files.get(id).is_some_and(|file| file.trashed))
    }

    /// Whether a change of this number or later says that it is gone for somebody.
    pub(crate) fn is_gone_for(change: &Change, caller: &Caller) -> bool {
        matches!(caller, Caller::User(email) if change.gone_for.contains(email))
    }
}

fn md5_of(content: &Content) -> String {
    match content {
        Content::Bytes(bytes) => hex(&Md5::digest(bytes)),
        // Nobody has to read it to the end.
        Content::Zeros(size) => hex(&Md5::digest(size.to_string())),
        Content::None | Content::Native(_) => String::new(),
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

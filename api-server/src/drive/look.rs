//! Looks at Drive without taking anything in.

use std::collections::BTreeMap;

use google_drive3::api::{About, File};
use serde::Serialize;

use super::access::AccessKind;
use super::client::Session;
use super::crawl::{self, Ground};
use super::model::{FOLDER, Item};
use super::store::folders;
use super::tree::Tree;
use super::wanted::{Wanted, check};
use super::{DriveError, DriveService};
use crate::access::Caller;

/// A folder, looked at.
pub(super) struct Looked {
    session: Session,
    root: String,
    pub(super) name: String,
    shared_drive: Option<String>,
}

/// A folder and what is in it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct StructureView {
    /// Google's id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Names from the topmost folder down, with slashes.
    pub path: String,
    /// Folders in it, by Google's id.
    #[schema(no_recursion)]
    pub subfolders: BTreeMap<String, StructureView>,
    /// Files in it.
    pub files: Vec<FileView>,
}

/// A file in Drive.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub(crate) struct FileView {
    /// Google's id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Its extension, else the last part of its MIME type.
    #[serde(rename = "type")]
    pub kind: String,
    /// Bytes; 0 for Google's own documents.
    pub size: u64,
}

impl From<&Item> for FileView {
    fn from(item: &Item) -> Self {
        let extension = item
            .name
            .rsplit_once('.')
            .map(|(_, extension)| extension.to_lowercase())
            .filter(|extension| {
                (1..=16).contains(&extension.len())
                    && extension.bytes().all(|byte| byte.is_ascii_alphanumeric())
            });
        let of_type = || item.mime.rsplit(['/', '.']).next().map(str::to_owned);
        Self {
            id: item.id.clone(),
            name: item.name.clone(),
            kind: extension.or_else(of_type).unwrap_or_default(),
            size: item.size.unwrap_or(0),
        }
    }
}

/// What lies directly in a folder.
pub(super) struct Level {
    pub(super) files: Vec<FileView>,
    pub(super) folders: Vec<(String, String)>,
}

impl Looked {
    /// As whom it is seen.
    pub(super) fn method(&self) -> &'static str {
        self.session.access.kind.method()
    }

    /// Whether anybody with the link sees it.
    pub(super) fn is_public(&self) -> bool {
        self.session.access.kind == AccessKind::ApiKey
    }

    /// Its id.
    pub(super) fn id(&self) -> &str {
        &self.root
    }

    fn ground(&self, concurrency: usize) -> Ground {
        Ground {
            shared_drive: self.shared_drive.clone(),
            concurrency,
        }
    }
}

impl DriveService {
    /// Finds a folder as whoever sees it.
    pub(super) async fn look(&self, caller: &Caller, wanted: Wanted) -> Result<Looked, DriveError> {
        check(&wanted)?;
        let runner = self.runner();
        // A folder that is mirrored is seen as it is mirrored.
        let known = folders::by_drive_id(self.db(), &wanted.folder_id).await?;
        if let Some(folder) =
            known.filter(|folder| folder.access.is_some() && wanted.api_key.is_none())
        {
            let found = runner.find(&folder, Some(&caller.account.uid)).await?;
            return Ok(Looked {
                session: found.session,
                root: found.root,
                name: found.name,
                shared_drive: found.shared_drive,
            });
        }
        let candidates = runner
            .accesses
            .candidates(Some(&caller.account.uid), wanted.api_key)
            .await?;
        let (session, file): (Session, File) =
            runner.first_who_sees(&wanted.folder_id, candidates).await?;
        Ok(Looked {
            session,
            root: file.id.unwrap_or(wanted.folder_id),
            name: file.name.unwrap_or_default(),
            shared_drive: file.drive_id,
        })
    }

    /// What lies directly in a folder.
    pub(super) async fn level(&self, looked: &Looked) -> Result<Level, DriveError> {
        let ground = looked.ground(self.runner().settings.concurrency);
        let mut items = crawl::folder(&looked.session, &ground, &looked.root).await?;
        items.sort_by(|a, b| (&a.name, &a.id).cmp(&(&b.name, &b.id)));
        let (folders, files): (Vec<Item>, Vec<Item>) =
            items.into_iter().partition(|item| item.mime == FOLDER);
        Ok(Level {
            files: files.iter().map(FileView::from).collect(),
            folders: folders
                .into_iter()
                .map(|item| (item.content_id().to_owned(), item.name))
                .collect(),
        })
    }

    /// Everything in a folder.
    pub(super) async fn structure(
        &self,
        looked: &Looked,
        max_depth: Option<usize>,
    ) -> Result<(StructureView, usize, usize), DriveError> {
        let settings = &self.runner().settings;
        let ground = looked.ground(settings.concurrency);
        let depth = max_depth.unwrap_or(settings.max_depth);
        let mut tree = Tree::new(&looked.root, depth);
        let mut unreadable = crawl::read_on(&looked.session, &ground, &mut tree, |_| {}).await?;
        if let Some(error) = unreadable.remove(&looked.root) {
            return Err(error);
        }
        let walk = tree.walk();
        let mut root = StructureView {
            id: looked.root.clone(),
            name: looked.name.clone(),
            path: looked.name.clone(),
            subfolders: BTreeMap::new(),
            files: Vec::new(),
        };
        let files = walk.placed.iter().filter(|placed| placed.barred.is_none());
        let mut count: usize = 0;
        for placed in files {
            count = count.saturating_add(1);
            let ids = tree.way_to(&placed.item.id);
            enter(&mut root, &ids)
                .files
                .push(FileView::from(placed.item));
        }
        for item in tree.items().filter(|item| item.is_folder()) {
            let mut ids = tree.way_to(&item.id);
            ids.push((item.id.clone(), item.name.clone()));
            enter(&mut root, &ids);
        }
        Ok((root, walk.folders.saturating_add(1), count))
    }

    /// Whom Drive sees.
    pub(super) async fn about(
        &self,
        caller: &Caller,
        wanted_key: Option<shared::settings::SecretString>,
    ) -> Result<(About, &'static str), DriveError> {
        let runner = self.runner();
        let candidates = runner
            .accesses
            .candidates(Some(&caller.account.uid), wanted_key)
            .await?;
        let mut refusal = DriveError::NotConfigured;
        for access in candidates {
            let method = access.kind.method();
            // A key is nobody: that Drive answers it is all there is to see.
            let session = runner.client.as_(access);
            match session.about().await {
                Ok(about) => return Ok((about, method)),
                Err(error) => refusal = error,
            }
        }
        Err(refusal)
    }
}

/// Goes down a way, making what is not there.
fn enter<'a>(root: &'a mut StructureView, way: &[(String, String)]) -> &'a mut StructureView {
    way.iter().fold(root, |folder, (id, name)| {
        let path = format!("{}/{name}", folder.path);
        folder
            .subfolders
            .entry(id.clone())
            .or_insert_with(|| StructureView {
                id: id.clone(),
                name: name.clone(),
                path,
                subfolders: BTreeMap::new(),
                files: Vec::new(),
            })
    })
}

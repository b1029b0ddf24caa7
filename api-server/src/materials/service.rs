//! Rules of materials: taken in, described, listed, removed.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use actix_web::web::Bytes;
use futures::Stream;
use shared::clock::Clock;
use shared::db::{Db, Tx};
use shared::files::{FileError, Files, Received};
use tokio::io::AsyncReadExt as _;
use tokio::sync::{Semaphore, watch};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::archive::{self, Unpacked};
use super::error::ArchiveFault;
use super::store::{self, Act, MaterialRow, STORED, Wanted};
use super::{MaterialError, MaterialId, MaterialSettings, Outbox, is_recording, sniff};
use crate::access::Caller;
use crate::audit::{self, Action, Actor, Deed};
use crate::site::SiteService;
use crate::video;

/// Most names tried when one is taken.
pub(super) const MAX_NUMBERED: usize = 1000;
/// Most tags, and most bytes of one: what the rag-server takes.
const MAX_TAGS: (usize, usize) = (50, 100);
/// Most characters of a description, and of a title.
const MAX_DESCRIPTION: usize = 5000;
const MAX_TITLE: usize = 300;
/// Archives unpacked at once, and made at once: each holds a thread.
const ARCHIVES: usize = 2;
/// Files without a row are left alone for so long: another process may be about to write one.
const YOUNG: Duration = Duration::from_hours(1);
/// Whoever removes a material waits so long for its file to be free.
const PATIENCE: Duration = Duration::from_secs(2);

/// What is said of a material besides its bytes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Description {
    /// Title; made from the name when absent.
    pub title: Option<String>,
    /// What it is about.
    pub about: Option<String>,
    /// Labels.
    pub tags: Vec<String>,
}

/// A file that has arrived and may be taken in.
pub(super) struct Arrived {
    pub(super) received: Received,
    pub(super) id: MaterialId,
}

/// What became of a file.
#[derive(Debug)]
pub(crate) struct Taken {
    /// The material.
    pub material: MaterialRow,
    /// The same bytes were here under the same name: nothing was done.
    pub unchanged: bool,
}

/// What was removed from the disk.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Freed {
    /// Files.
    pub(crate) files: u64,
    /// Bytes of them.
    pub(crate) bytes: u64,
}

impl Freed {
    pub(super) fn add(&mut self, more: Self) {
        self.files = self.files.saturating_add(more.files);
        self.bytes = self.bytes.saturating_add(more.bytes);
    }
}

/// An entry of an archive that was left out.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(crate) struct Skipped {
    /// Its name.
    pub name: String,
    /// Why, for people.
    pub reason: String,
}

/// What became of an archive.
#[derive(Debug)]
pub(crate) struct TakenArchive {
    /// Its files.
    pub taken: Vec<Taken>,
    /// Those that were left out.
    pub skipped: Vec<Skipped>,
}

/// Materials: taken in, described, listed, removed.
#[derive(Debug)]
pub(crate) struct MaterialService {
    pub(super) db: Db,
    pub(super) files: Files,
    pub(super) outbox: Arc<Outbox>,
    settings: MaterialSettings,
    site: Arc<SiteService>,
    pub(super) clock: Arc<dyn Clock>,
    stopping: CancellationToken,
    unpacking: Semaphore,
    packing: Arc<Semaphore>,
}

impl MaterialService {
    /// Materials in `db`, with their files; streams end when the server is `stopping`.
    pub(crate) fn new(
        db: Db,
        files: Files,
        outbox: Arc<Outbox>,
        settings: MaterialSettings,
        site: Arc<SiteService>,
        clock: Arc<dyn Clock>,
        stopping: CancellationToken,
    ) -> Self {
        Self {
            db,
            files,
            outbox,
            settings,
            site,
            clock,
            stopping,
            unpacking: Semaphore::new(ARCHIVES),
            packing: Arc::new(Semaphore::new(ARCHIVES)),
        }
    }

    pub(super) fn outbox(&self) -> &Outbox {
        &self.outbox
    }

    pub(super) fn files(&self) -> &Files {
        &self.files
    }

    pub(super) fn packing(&self) -> &Arc<Semaphore> {
        &self.packing
    }

    pub(super) fn stopping(&self) -> &CancellationToken {
        &self.stopping
    }

    /// Sees a new value whenever a material's state may have changed.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.outbox.changes()
    }

    /// What files may be now: as administrators set it.
    pub(super) async fn rules(&self) -> Result<MaterialSettings, MaterialError> {
        let site = self.site.current().await?;
        Ok(MaterialSettings {
            max_upload: site.max_upload,
            extensions: site.extensions,
            ..self.settings.clone()
        })
    }

    /// Streams a file to disk and looks at what it is.
    pub(super) async fn receive<E>(
        &self,
        rules: &MaterialSettings,
        id: MaterialId,
        body: impl Stream<Item = Result<Bytes, E>> + Unpin,
    ) -> Result<Arrived, MaterialError> {
        let received = self.files.receive_up_to(rules.max_upload, body).await?;
        self.check_head(&id, &received).await?;
        Ok(Arrived { received, id })
    }

    /// Whether a file that has arrived is what the name says.
    pub(super) async fn check_head(
        &self,
        id: &MaterialId,
        received: &Received,
    ) -> Result<(), MaterialError> {
        let mut head = Vec::new();
        let file = tokio::fs::File::open(received.path()).await?;
        file.take(sniff::HEAD as u64).read_to_end(&mut head).await?;
        check_content(id, &head)
    }

    /// Takes in a file that has arrived. A name that is taken gets a number; the same bytes under the same name are
    /// the same material.
    pub(super) async fn take_in(
        &self,
        caller: &Caller,
        arrived: Arrived,
        description: Description,
    ) -> Result<Taken, MaterialError> {
        let description = check(description)?;
        let mut taken = self
            .take_in_all(&caller.actor(), vec![arrived], &description)
            .await?;
        taken.pop().ok_or(MaterialError::NotFound)
    }

    /// All of them or none.
    async fn take_in_all(
        &self,
        actor: &Actor,
        arrived: Vec<Arrived>,
        description: &Description,
    ) -> Result<Vec<Taken>, MaterialError> {
        let _keeping = self.files.keeping().await?;
        let mut named = Vec::with_capacity(arrived.len());
        for Arrived { received, id } in arrived {
            named.push((id, received.hash.clone(), received.size));
            self.files.keep(received).await?;
        }
        let now = self.clock.now_ms();
        let mut tx = self.db.begin_write().await?;
        let mut taken = Vec::with_capacity(named.len());
        for (id, hash, size) in named {
            let title = description.title.clone().unwrap_or_else(|| id.title());
            let is_recording = is_recording(&id.extension());
            let row = MaterialRow {
                uid: uuid::Uuid::now_v7().to_string(),
                title,
                description: description.about.clone(),
                tags: as_json(&description.tags),
                kind: id.extension(),
                size_bytes: i64::try_from(size).unwrap_or(i64::MAX),
                content_hash: hash,
                uploaded_by: actor.uid.clone(),
                uploader: actor.name.clone().unwrap_or_default(),
                created_at: now,
                updated_at: now,
                state: if is_recording { STORED } else { "queued" }.to_owned(),
                pages: None,
                passages: 0,
                embedded: 0,
                reason_code: None,
                reason: None,
                id: String::new(),
            };
            let one = insert_numbered(&mut tx, &id, row).await?;
            if !one.unchanged {
                if !is_recording {
                    store::wish(&mut tx, &one.material.uid, Act::Put, now).await?;
                } else if self.settings.transcribes {
                    video::store::ask(&mut tx, &one.material.uid, actor, now).await?;
                }
                record(&mut tx, actor, Action::MaterialAdded, &one.material, now).await?;
            }
            taken.push(one);
        }
        tx.commit().await?;
        for Taken { material, .. } in taken.iter().filter(|one| !one.unchanged) {
            info!(material.uid = %material.uid, size_bytes = material.size_bytes, "took in material {}", material.uid);
        }
        self.outbox.wake();
        self.outbox.changed();
        Ok(taken)
    }

    /// Takes in a text that was made here beside another material, for whoever asked for it.
    pub(crate) async fn take_in_text(
        &self,
        actor: &Actor,
        id: MaterialId,
        text: String,
        description: Description,
    ) -> Result<Taken, MaterialError> {
        let body = futures::stream::iter([Ok::<_, std::io::Error>(Bytes::from(text))]);
        let arrived = self.receive(&self.settings, id, body).await?;
        let mut taken = self
            .take_in_all(actor, vec![arrived], &check(description)?)
            .await?;
        taken.pop().ok_or(MaterialError::NotFound)
    }

    /// Streams an archive to disk.
    pub(super) async fn receive_archive<E>(
        &self,
        body: impl Stream<Item = Result<Bytes, E>> + Unpin,
    ) -> Result<Received, MaterialError> {
        let limit = self.settings.max_archive;
        Ok(self.files.receive_up_to(limit, body).await?)
    }

    /// Takes in the files of an archive, all at once. What must not be unpacked refuses the whole archive; single files
    /// that are not taken are left out and told.
    pub(super) async fn take_in_archive(
        &self,
        caller: &Caller,
        archive: Received,
        folder: &str,
    ) -> Result<TakenArchive, MaterialError> {
        let folders: Vec<String> = super::id::segments(folder)
            .ok_or(MaterialError::Field {
                pointer: "/destination_subdir",
                detail: "A pasta de destino deve ser um caminho relativo, sem “..”.",
            })?
            .into_iter()
            .map(str::to_owned)
            .collect();
        let _turn = self
            .unpacking
            .acquire()
            .await
            .map_err(|_| MaterialError::Busy)?;
        let rules = self.rules().await?;
        let Unpacked { files, mut skipped } =
            archive::unpack(archive, &self.files.up_to(rules.max_upload), &rules).await?;
        let mut arrived = Vec::with_capacity(files.len());
        for file in files {
            let mut path = folders.clone();
            path.extend(file.folders);
            let id = rules
                .name(&path, &file.name)
                .and_then(|id| check_content(&id, &file.head).map(|()| id));
            match id {
                Ok(id) => arrived.push(Arrived {
                    received: file.received,
                    id,
                }),
                Err(error) => skipped.push(Skipped {
                    reason: shared::problem::HasProblem::detail(&error),
                    name: file.shown,
                }),
            }
        }
        if arrived.is_empty() {
            return Err(MaterialError::Archive(ArchiveFault::Nothing));
        }
        let taken = self
            .take_in_all(&caller.actor(), arrived, &Description::default())
            .await?;
        Ok(TakenArchive { taken, skipped })
    }

    /// One material.
    pub(crate) async fn find(&self, id: &MaterialId) -> Result<MaterialRow, MaterialError> {
        store::by_id(&self.db, id.as_str())
            .await?
            .ok_or(MaterialError::NotFound)
    }

    /// One material, wherever it has been moved to.
    pub(crate) async fn find_uid(&self, uid: &str) -> Result<MaterialRow, MaterialError> {
        store::by_uid(&self.db, uid)
            .await?
            .ok_or(MaterialError::NotFound)
    }

    /// The uid of the material that a client names by its uid, as sources of answers do, or by its id.
    pub(crate) async fn uid_of(&self, name: &str) -> Result<Option<String>, MaterialError> {
        // Postgres takes no text with such a character, and no name has one.
        if name.contains('\0') {
            return Ok(None);
        }
        Ok(store::named(&self.db, name).await?)
    }

    /// In order of id.
    pub(crate) async fn list(&self, wanted: &Wanted) -> Result<Vec<MaterialRow>, MaterialError> {
        Ok(store::list(&self.db, wanted).await?)
    }

    /// Replaces what is said of a material; the rag-server hears of it.
    pub(super) async fn describe(
        &self,
        caller: &Caller,
        id: &MaterialId,
        description: Description,
    ) -> Result<MaterialRow, MaterialError> {
        let description = check(description)?;
        let now = self.clock.now_ms();
        let mut tx = self.db.begin_write().await?;
        let row = store::by_id_in(&mut tx, id.as_str())
            .await?
            .ok_or(MaterialError::NotFound)?;
        let tags = as_json(&description.tags);
        let title = description.title.as_deref().unwrap_or(&row.title);
        let about = description.about.as_deref();
        store::describe(&mut tx, &row.uid, title, about, &tags, now).await?;
        // The description stays here; what the rag-server shows and filters by goes there.
        if (title != row.title || tags != row.tags) && row.state != STORED {
            store::wish(&mut tx, &row.uid, Act::Put, now).await?;
        }
        record(&mut tx, &caller.actor(), Action::MaterialChanged, &row, now).await?;
        tx.commit().await?;
        self.outbox.wake();
        self.find(id).await
    }

    /// Removes a material: from here on it is not listed, then its file goes, then what the rag-server has of it.
    pub(super) async fn remove(
        &self,
        caller: &Caller,
        id: &MaterialId,
    ) -> Result<(), MaterialError> {
        let now = self.clock.now_ms();
        let mut tx = self.db.begin_write().await?;
        let row = store::by_id_in(&mut tx, id.as_str())
            .await?
            .ok_or(MaterialError::NotFound)?;
        store::delete(&mut tx, &row.uid).await?;
        store::wish(&mut tx, &row.uid, Act::Remove, now).await?;
        record(&mut tx, &caller.actor(), Action::MaterialRemoved, &row, now).await?;
        tx.commit().await?;
        info!(material.uid = %row.uid, "removed material {}", row.uid);
        self.outbox.wake();
        self.outbox.changed();
        if let Err(error) = self.drop_file(&row.content_hash, false).await {
            // The material is gone all the same; the next sweep takes its file.
            warn!(error = %shared::telemetry::chain(&error), "the file of material {} is still here", row.uid);
        }
        Ok(())
    }

    /// Removes files without a material and what interrupted uploads left, once they are old enough to belong to nobody;
    /// only looks at them, if it is only to `look`.
    pub(crate) async fn sweep(&self, look: bool) -> Result<Freed, MaterialError> {
        if !look {
            self.files.clear_incoming(YOUNG).await?;
        }
        let mut freed = Freed::default();
        for hash in self.files.stored(YOUNG).await? {
            freed.add(self.drop_file(&hash, look).await?);
        }
        Ok(freed)
    }

    /// Removes a file that no material has any more, unless it is only to `look`. While files are kept (by a backup, of
    /// this process or another) it stays for the next sweep: nobody waits for its end.
    pub(super) async fn drop_file(&self, hash: &str, look: bool) -> Result<Freed, MaterialError> {
        let Ok(removing) = tokio::time::timeout(PATIENCE, self.files.removing()).await else {
            return Ok(Freed::default());
        };
        let _removing = removing?;
        if store::uses(&self.db, hash).await? > 0 {
            return Ok(Freed::default());
        }
        let bytes = self.files.size_of(hash).await?;
        if !look {
            self.files.remove(hash).await?;
        }
        Ok(Freed { files: 1, bytes })
    }

    /// Where the bytes of a material are.
    pub(crate) fn path_of(&self, row: &MaterialRow) -> std::path::PathBuf {
        self.files.path_of(&row.content_hash)
    }
}

/// The first free name, or the material that is the same already.
async fn insert_numbered(
    tx: &mut Tx,
    id: &MaterialId,
    mut row: MaterialRow,
) -> Result<Taken, MaterialError> {
    for number in 0..MAX_NUMBERED {
        id.numbered(number).as_str().clone_into(&mut row.id);
        if store::insert(tx, &row).await? {
            return Ok(Taken {
                material: row,
                unchanged: false,
            });
        }
        let there = store::by_id_in(tx, &row.id).await?;
        if let Some(material) = there.filter(|there| there.content_hash == row.content_hash) {
            return Ok(Taken {
                material,
                unchanged: true,
            });
        }
    }
    Err(MaterialError::NoFreeName)
}

pub(super) async fn record(
    tx: &mut Tx,
    actor: &Actor,
    action: Action,
    row: &MaterialRow,
    now: i64,
) -> Result<(), MaterialError> {
    let deed = Deed {
        action,
        actor,
        target: Some((&row.uid, &row.id)),
        now,
    };
    Ok(audit::record(tx, deed).await?)
}

/// Whether the first bytes are what the name says.
fn check_content(id: &MaterialId, head: &[u8]) -> Result<(), MaterialError> {
    let extension = id.extension();
    if head.is_empty() {
        Err(MaterialError::Empty)
    } else if sniff::matches(&extension, head) {
        Ok(())
    } else {
        Err(MaterialError::Mismatch { extension })
    }
}

/// The first bytes of a file, on a thread that may block.
pub(super) fn head_of(path: &Path) -> Result<Vec<u8>, FileError> {
    use std::io::Read as _;
    let mut head = Vec::new();
    std::fs::File::open(path)?
        .take(sniff::HEAD as u64)
        .read_to_end(&mut head)?;
    Ok(head)
}

/// Lengths and characters checked; blank counts as absent, a tag is given once.
fn check(given: Description) -> Result<Description, MaterialError> {
    let trimmed = |text: Option<String>| {
        text.map(|text| text.trim().to_owned())
            .filter(|text| !text.is_empty())
    };
    let (title, about) = (trimmed(given.title), trimmed(given.about));
    let is_line = |text: &str, most: usize| {
        text.chars().count() <= most && !text.chars().any(char::is_control)
    };
    if title
        .as_deref()
        .is_some_and(|title| !is_line(title, MAX_TITLE))
    {
        return Err(MaterialError::Field {
            pointer: "/title",
            detail: "O título deve ter até 300 caracteres, sem caracteres de controle.",
        });
    }
    let is_text = |text: &str| {
        text.chars().count() <= MAX_DESCRIPTION
            && !text
                .chars()
                .any(|letter| letter.is_control() && !matches!(letter, '\n' | '\r' | '\t'))
    };
    if about.as_deref().is_some_and(|text| !is_text(text)) {
        return Err(MaterialError::Field {
            pointer: "/description",
            detail: "A descrição deve ter até 5000 caracteres, sem caracteres de controle.",
        });
    }
    let mut tags: Vec<String> = Vec::new();
    // The rag-server takes tags with commas between them: one that holds a comma is several.
    for tag in given.tags.iter().flat_map(|tag| tag.split(',')) {
        let tag = tag.trim();
        if !tag.is_empty() && !tags.iter().any(|known| known == tag) {
            tags.push(tag.to_owned());
        }
    }
    if tags.len() > MAX_TAGS.0
        || tags
            .iter()
            .any(|tag| tag.len() > MAX_TAGS.1 || !is_line(tag, MAX_TAGS.1))
    {
        return Err(MaterialError::Field {
            pointer: "/tags",
            detail: "Use até 50 etiquetas de até 100 bytes cada, sem caracteres de controle.",
        });
    }
    Ok(Description { title, about, tags })
}

fn as_json(tags: &[String]) -> String {
    serde_json::to_string(tags).unwrap_or_else(|_| "[]".to_owned())
}

/// Tags as forms carry them: a JSON array of texts, or words with commas.
pub(super) fn read_tags(text: &str) -> Result<Vec<String>, MaterialError> {
    let text = text.trim();
    if text.starts_with('[') {
        serde_json::from_str(text).map_err(|_| MaterialError::Field {
            pointer: "/tags",
            detail: "As etiquetas devem ser uma lista de textos.",
        })
    } else {
        Ok(vec![text.to_owned()])
    }
}

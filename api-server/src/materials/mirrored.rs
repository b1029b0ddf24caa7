//! Materials that follow files of another place: taken in, replaced, renamed and removed in a transaction of whoever
//! follows, so that what it notes of them and they themselves cannot part.

use actix_web::web::Bytes;
use futures::Stream;
use shared::db::{DbError, Tx};
use shared::files::{Keeping, Received};
use tracing::warn;

use super::store::{self, Act, MaterialRow, STORED, Wanted};
use super::{MaterialError, MaterialId, MaterialService, readable, service};
use crate::audit::{self, Action, Actor, Deed};

/// A file that arrived, and what it is to be.
pub(crate) struct Mirrored<'a> {
    /// The material that it replaces.
    pub(crate) uid: Option<&'a str>,
    /// The id it would have if no other had it.
    pub(crate) wanted: &'a MaterialId,
    /// BLAKE3 of its content, which is kept already.
    pub(crate) hash: &'a str,
    /// Bytes.
    pub(crate) size: u64,
    /// Who has it mirrored: id and name.
    pub(crate) owner: (Option<&'a str>, &'a str),
    pub(crate) now: i64,
}

/// What became of it.
#[derive(Debug)]
pub(crate) struct Placed {
    pub(crate) uid: String,
    /// Content and id were so already.
    pub(crate) is_unchanged: bool,
    /// Content that this material has no more.
    pub(crate) former: Option<String>,
}

impl MaterialService {
    /// Most bytes of a file, and extensions that are taken, as administrators set it.
    pub(crate) async fn limits(&self) -> Result<(u64, Vec<String>), MaterialError> {
        let rules = self.rules().await?;
        Ok((rules.max_upload, rules.extensions))
    }

    /// Streams a file to disk, at most `limit` bytes.
    pub(crate) async fn receive_mirrored<E>(
        &self,
        limit: u64,
        body: impl Stream<Item = Result<Bytes, E>> + Unpin,
    ) -> Result<Received, MaterialError> {
        Ok(self.files().receive_up_to(limit, body).await?)
    }

    /// Whether a file is what its name says.
    pub(crate) async fn check_mirrored(
        &self,
        id: &MaterialId,
        received: &Received,
    ) -> Result<(), MaterialError> {
        self.check_head(id, received).await
    }

    /// While held, no file is removed: from [`keep_mirrored`](Self::keep_mirrored) until a row uses it.
    pub(crate) async fn keeping_mirrored(&self) -> Result<Keeping<'_>, MaterialError> {
        Ok(self.files().keeping().await?)
    }

    /// Gives a file its place.
    pub(crate) async fn keep_mirrored(&self, received: Received) -> Result<(), MaterialError> {
        Ok(self.files().keep(received).await?)
    }

    /// Materials have changed: the rag-server hears of it, and whoever follows.
    pub(crate) fn mirrored_changed(&self) {
        self.outbox().wake();
        self.outbox().changed();
    }

    /// Removes content that nothing may use any more.
    pub(crate) async fn drop_mirrored(&self, hash: &str) {
        if let Err(error) = self.drop_file(hash, false).await {
            // The next sweep takes it.
            warn!(error = %shared::telemetry::chain(&error), "a file without a material is still here");
        }
    }

    /// Every material, in order of id.
    pub(crate) async fn everything(&self) -> Result<Vec<MaterialRow>, MaterialError> {
        let all = Wanted {
            limit: i64::MAX,
            ..Wanted::default()
        };
        self.list(&all).await
    }
}

/// Takes a file in, or replaces what a material holds. A name that is taken gets a number.
pub(crate) async fn place(tx: &mut Tx, file: &Mirrored<'_>) -> Result<Placed, MaterialError> {
    let there = match file.uid {
        Some(uid) => store::by_uid_in(tx, uid).await?,
        None => None,
    };
    let id = free_name(tx, file.wanted, there.as_ref()).await?;
    let Some(there) = there else {
        return insert(tx, file, id).await;
    };
    let is_same_content = there.content_hash == file.hash;
    if is_same_content && there.id == id.as_str() {
        return Ok(Placed {
            uid: there.uid,
            is_unchanged: true,
            former: None,
        });
    }
    let row = MaterialRow {
        size_bytes: i64::try_from(file.size).unwrap_or(i64::MAX),
        content_hash: file.hash.to_owned(),
        ..renamed(&there, &id, file.now)
    };
    store::replace(tx, &row).await?;
    tell(tx, &row, Act::Put, Action::MaterialChanged, file.now).await?;
    Ok(Placed {
        former: (!is_same_content).then_some(there.content_hash),
        uid: row.uid,
        is_unchanged: false,
    })
}

async fn insert(tx: &mut Tx, file: &Mirrored<'_>, id: MaterialId) -> Result<Placed, MaterialError> {
    let row = MaterialRow {
        uid: uuid::Uuid::now_v7().to_string(),
        title: id.title(),
        description: None,
        tags: "[]".to_owned(),
        kind: id.extension(),
        size_bytes: i64::try_from(file.size).unwrap_or(i64::MAX),
        content_hash: file.hash.to_owned(),
        uploaded_by: file.owner.0.map(str::to_owned),
        uploader: file.owner.1.to_owned(),
        created_at: file.now,
        updated_at: file.now,
        state: first_state(&id.extension()),
        pages: None,
        passages: 0,
        embedded: 0,
        reason_code: None,
        reason: None,
        id: id.as_str().to_owned(),
    };
    if !store::insert(tx, &row).await? {
        // Somebody took the name a moment ago.
        return Err(MaterialError::Store(DbError::Unique {
            target: "materials.id".to_owned(),
        }));
    }
    tell(tx, &row, Act::Put, Action::MaterialAdded, file.now).await?;
    Ok(Placed {
        uid: row.uid,
        is_unchanged: false,
        former: None,
    })
}

/// Gives a material the id that is wanted, or the nearest that is free; whether it has another now.
pub(crate) async fn rename(
    tx: &mut Tx,
    uid: &str,
    wanted: &MaterialId,
    now: i64,
) -> Result<bool, MaterialError> {
    let there = store::by_uid_in(tx, uid)
        .await?
        .ok_or(MaterialError::NotFound)?;
    let id = free_name(tx, wanted, Some(&there)).await?;
    if there.id == id.as_str() {
        return Ok(false);
    }
    let row = renamed(&there, &id, now);
    store::replace(tx, &row).await?;
    tell(tx, &row, Act::Put, Action::MaterialChanged, now).await?;
    Ok(true)
}

/// Removes a material; the content it had, if it was there.
pub(crate) async fn remove(
    tx: &mut Tx,
    uid: &str,
    now: i64,
) -> Result<Option<String>, MaterialError> {
    let Some(row) = store::by_uid_in(tx, uid).await? else {
        return Ok(None);
    };
    store::delete(tx, uid).await?;
    tell(tx, &row, Act::Remove, Action::MaterialRemoved, now).await?;
    Ok(Some(row.content_hash))
}

/// The first name of the wanted one's row that is free, or is this material's.
async fn free_name(
    tx: &mut Tx,
    wanted: &MaterialId,
    there: Option<&MaterialRow>,
) -> Result<MaterialId, MaterialError> {
    for number in 0..service::MAX_NUMBERED {
        let id = wanted.numbered(number);
        if there.is_some_and(|there| there.id == id.as_str()) {
            return Ok(id);
        }
        if store::by_id_in(tx, id.as_str()).await?.is_none() {
            return Ok(id);
        }
    }
    Err(MaterialError::NoFreeName)
}

/// The state of a material that has just changed: of what it cannot read the rag-server never hears.
fn first_state(extension: &str) -> String {
    if is_read(extension) { "queued" } else { STORED }.to_owned()
}

fn is_read(extension: &str) -> bool {
    readable().any(|one| one == extension)
}

/// The row under another id. A title that somebody wrote stays.
fn renamed(there: &MaterialRow, id: &MaterialId, now: i64) -> MaterialRow {
    let was_made = MaterialId::parse(&there.id).is_ok_and(|old| old.title() == there.title);
    MaterialRow {
        title: if was_made {
            id.title()
        } else {
            there.title.clone()
        },
        state: first_state(&id.extension()),
        kind: id.extension(),
        id: id.as_str().to_owned(),
        updated_at: now,
        ..there.clone()
    }
}

async fn tell(
    tx: &mut Tx,
    row: &MaterialRow,
    act: Act,
    action: Action,
    now: i64,
) -> Result<(), MaterialError> {
    let is_new = action == Action::MaterialAdded;
    match act {
        // It may have been something that is read.
        Act::Put if !is_read(&row.kind) && !is_new => {
            store::wish(tx, &row.uid, Act::Remove, now).await?;
        }
        Act::Put if !is_read(&row.kind) => {}
        _ => store::wish(tx, &row.uid, act, now).await?,
    }
    let deed = Deed {
        action,
        actor: &Actor::system("google drive"),
        target: Some((&row.uid, &row.id)),
        now,
    };
    Ok(audit::record(tx, deed).await?)
}

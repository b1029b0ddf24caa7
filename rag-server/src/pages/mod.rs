//! Pictures of pages, so that people see the very place a quote stands in.
//!
//! Drawing is as dangerous as reading, so [`crate::reader`] does it, in a process that may die. What was drawn is kept for a
//! while: pages are looked at again and again, and turned one after the other.

mod error;
pub(crate) mod routes;

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use extract::PagePicture;
use moka::future::Cache;
use tokio_util::sync::CancellationToken;

pub(crate) use error::PageError;

use crate::materials::{MaterialId, MaterialService};
use crate::reader::ReaderPool;

/// Bytes of pictures that are kept.
const KEPT_BYTES: u64 = 32 << 20;
/// Pictures that nobody asked for this long go.
const KEPT_FOR: Duration = Duration::from_secs(900);

/// A picture with what names it.
#[derive(Debug, Clone)]
pub(crate) struct Drawn {
    pub(crate) picture: Arc<PagePicture>,
    /// Changes with the material's content.
    pub(crate) tag: String,
}

/// Content, page and width.
type Key = (String, NonZeroU32, u32);

/// Draws pages.
pub(crate) struct PageService {
    materials: Arc<MaterialService>,
    reader: ReaderPool,
    kept: Cache<Key, Arc<PagePicture>>,
}

impl PageService {
    pub(crate) fn new(materials: Arc<MaterialService>, reader: ReaderPool) -> Self {
        let kept = Cache::builder()
            .max_capacity(KEPT_BYTES)
            .weigher(|_: &Key, picture: &Arc<PagePicture>| {
                u32::try_from(picture.png.len()).unwrap_or(u32::MAX)
            })
            .time_to_idle(KEPT_FOR)
            .build();
        Self {
            materials,
            reader,
            kept,
        }
    }

    /// Page `page` of a material, `width` pixels wide. Who asks for one that is being drawn waits for that drawing.
    ///
    /// # Errors
    /// No such material, none with pages that can be drawn, no such page; or it cannot be drawn.
    pub(crate) async fn picture(
        &self,
        id: &MaterialId,
        page: NonZeroU32,
        width: u32,
    ) -> Result<Drawn, PageError> {
        let material = self.materials.find(id).await?;
        if material.kind.as_deref() != Some("pdf") {
            return Err(PageError::NoPages);
        }
        let path = self.materials.files().path_of(&material.content_hash);
        let tag = format!("{}-{page}-{width}", material.content_hash);
        let key = (material.content_hash, page, width);
        let drawing = async {
            let cancel = CancellationToken::new();
            let drawn = self.reader.draw(&path, page, width, &cancel).await;
            drawn?.map(Arc::new).ok_or(PageError::NoSuchPage)
        };
        let picture = self.kept.try_get_with(key, drawing).await;
        let picture = picture.map_err(PageError::Shared)?;
        Ok(Drawn { picture, tag })
    }
}

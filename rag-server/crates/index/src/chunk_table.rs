//! Layout of the table of chunks, and the way between its rows and [`StoredChunk`]s.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use arrow_array::{Array, RecordBatch, StringArray, UInt32Array};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use chunk::{Chunk, Sentence};
use extract::{FileKind, Locator};
use lancedb::index::scalar::FtsIndexBuilder;

use crate::material::{chunk_id, page, range, sheet};
use crate::{IndexError, MaterialChunks, StoredChunk};

/// Key of the layout's name in the metadata of a table.
pub(crate) const LAYOUT_KEY: &str = "acervo.layout";
/// Name of the layout below; changes when the columns or their meaning do.
pub(crate) const LAYOUT: &str = "chunks-1";

pub(crate) const ID: &str = "id";
pub(crate) const MATERIAL_ID: &str = "material_id";
pub(crate) const VERSION: &str = "version";
pub(crate) const ORDINAL: &str = "ordinal";
pub(crate) const TERMS: &str = "terms";

/// Columns a [`StoredChunk`] is read from, and no more: each costs a read of its own for every row. Titles, types and places
/// stand in columns for other readers of the table; an id is made of three others.
pub(crate) const PAYLOAD: [&str; 7] = [
    MATERIAL_ID,
    VERSION,
    ORDINAL,
    "headings",
    "text",
    "locator",
    "sentences",
];

/// The columns of the table.
pub(crate) static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
    let text = |name: &str| Field::new(name, DataType::Utf8, false);
    Arc::new(Schema::new_with_metadata(
        vec![
            text(ID),
            key(text(MATERIAL_ID), 1),
            text(VERSION),
            key(Field::new(ORDINAL, DataType::UInt32, false), 2),
            text("title"),
            text("source"),
            text("kind"),
            text("headings"),
            text("text"),
            text(TERMS),
            text("locator"),
            Field::new("page", DataType::UInt32, true),
            Field::new("sheet", DataType::Utf8, true),
            Field::new("range", DataType::Utf8, true),
            text("sentences"),
        ],
        HashMap::from([(LAYOUT_KEY.to_owned(), LAYOUT.to_owned())]),
    ))
});

/// Marks `field` as the part of the table's key at `position`, from 1.
///
/// The store then notices when two processes insert rows of the same key at once, and one of them tries again:
/// without it a material that two processes read at the same time would stand there twice. The version is not part
/// of a chunk's key, so that this holds for two versions of a material too.
pub(crate) fn key(field: Field, position: u32) -> Field {
    field.with_metadata(HashMap::from([
        (
            "lance-schema:unenforced-primary-key".to_owned(),
            "true".to_owned(),
        ),
        (
            "lance-schema:unenforced-primary-key:position".to_owned(),
            position.to_string(),
        ),
    ]))
}

/// Full-text settings for terms that are analysed already: split at spaces, change nothing, drop nothing.
pub(crate) fn full_text_settings() -> FtsIndexBuilder {
    FtsIndexBuilder::default()
        .base_tokenizer("whitespace".to_owned())
        .max_token_length(None)
        .lower_case(false)
        .stem(false)
        .remove_stop_words(false)
        .ascii_folding(false)
        .with_position(false)
}

/// Rows of one material.
pub(crate) fn rows(material: &MaterialChunks) -> Result<RecordBatch, IndexError> {
    let chunks = &material.chunks;
    let same = |value: &str| -> Arc<dyn Array> {
        Arc::new(StringArray::from_iter_values(chunks.iter().map(|_| value)))
    };
    let json = |values: Vec<Result<String, IndexError>>| -> Result<Arc<dyn Array>, IndexError> {
        let values: Vec<String> = values.into_iter().collect::<Result<_, _>>()?;
        Ok(Arc::new(StringArray::from(values)))
    };
    let places = || chunks.iter().map(|c| &c.chunk.locator);
    let ids = chunks
        .iter()
        .map(|c| chunk_id(&material.material_id, &material.version, c.chunk.ordinal));
    let columns: Vec<Arc<dyn Array>> = vec![
        Arc::new(StringArray::from_iter_values(ids)),
        same(&material.material_id),
        same(&material.version),
        Arc::new(UInt32Array::from_iter_values(
            chunks.iter().map(|c| c.chunk.ordinal),
        )),
        same(&material.title),
        same(&material.source),
        same(&kind_name(material.kind)?),
        json(
            chunks
                .iter()
                .map(|c| encode("headings", &c.chunk.headings))
                .collect(),
        )?,
        Arc::new(StringArray::from_iter_values(
            chunks.iter().map(|c| &c.chunk.text),
        )),
        Arc::new(StringArray::from_iter_values(
            chunks.iter().map(|c| &c.terms),
        )),
        json(places().map(|place| encode("locator", place)).collect())?,
        Arc::new(UInt32Array::from_iter(places().map(page))),
        Arc::new(StringArray::from_iter(places().map(sheet))),
        Arc::new(StringArray::from_iter(places().map(range))),
        json(chunks.iter().map(|c| encode_sentences(&c.chunk)).collect())?,
    ];
    Ok(RecordBatch::try_new(Arc::clone(&SCHEMA), columns)?)
}

/// Reads the chunks of a batch that holds the columns of [`PAYLOAD`].
pub(crate) fn read(batch: &RecordBatch) -> Result<Vec<StoredChunk>, IndexError> {
    let materials = text_column(batch, MATERIAL_ID)?;
    let versions = text_column(batch, VERSION)?;
    let ordinals = column::<UInt32Array>(batch, ORDINAL)?;
    let headings = text_column(batch, "headings")?;
    let texts = text_column(batch, "text")?;
    let locators = text_column(batch, "locator")?;
    let sentences = text_column(batch, "sentences")?;
    (0..batch.num_rows())
        .map(|row| {
            let locator: Locator = decode("locator", locators.value(row))?;
            let (material_id, version) = (materials.value(row), versions.value(row));
            let ordinal = ordinals.value(row);
            Ok(StoredChunk {
                id: chunk_id(material_id, version, ordinal),
                material_id: material_id.to_owned(),
                version: version.to_owned(),
                chunk: Chunk {
                    ordinal,
                    headings: decode("headings", headings.value(row))?,
                    text: texts.value(row).to_owned(),
                    sentences: decode_sentences(sentences.value(row), &locator)?,
                    locator,
                },
            })
        })
        .collect()
}

/// The column `name` of `batch`, of type `T`.
pub(crate) fn column<'a, T: 'static>(
    batch: &'a RecordBatch,
    name: &str,
) -> Result<&'a T, IndexError> {
    batch
        .column_by_name(name)
        .and_then(|column| column.as_any().downcast_ref::<T>())
        .ok_or_else(|| IndexError::Corrupt {
            reason: format!("column {name} is missing or of another type"),
        })
}

pub(crate) fn text_column<'a>(
    batch: &'a RecordBatch,
    name: &str,
) -> Result<&'a StringArray, IndexError> {
    column(batch, name)
}

/// A sentence as `[start, end]`, with its locator only where that differs from the chunk's: most do not, and the
/// locators would outweigh the text.
type SentenceRow<L> = (u32, u32, Option<L>);

fn encode_sentences(chunk: &Chunk) -> Result<String, IndexError> {
    let rows: Vec<SentenceRow<&Locator>> = chunk
        .sentences
        .iter()
        .map(|sentence| {
            let differs = sentence.locator != chunk.locator;
            let locator = differs.then_some(&sentence.locator);
            (sentence.start, sentence.end, locator)
        })
        .collect();
    encode("sentences", &rows)
}

fn decode_sentences(json: &str, locator: &Locator) -> Result<Vec<Sentence>, IndexError> {
    let rows: Vec<SentenceRow<Locator>> = decode("sentences", json)?;
    Ok(rows
        .into_iter()
        .map(|(start, end, own)| Sentence {
            start,
            end,
            locator: own.unwrap_or_else(|| locator.clone()),
        })
        .collect())
}

fn kind_name(kind: FileKind) -> Result<String, IndexError> {
    let json = encode("kind", &kind)?;
    decode("kind", &json)
}

fn encode<T: serde::Serialize + ?Sized>(column: &str, value: &T) -> Result<String, IndexError> {
    serde_json::to_string(value).map_err(|error| IndexError::InvalidInput {
        reason: format!("{column}: {error}"),
    })
}

fn decode<T: serde::de::DeserializeOwned>(column: &str, json: &str) -> Result<T, IndexError> {
    serde_json::from_str(json).map_err(|error| IndexError::Corrupt {
        reason: format!("{column}: {error}"),
    })
}

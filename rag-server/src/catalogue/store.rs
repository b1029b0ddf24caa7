//! SQL of lessons.

use shared::db::{Db, DbError, Tx};
use shared::{on_db, on_tx};

use super::{Lesson, Placed};

const FORGET: &str = "DELETE FROM lessons WHERE material_id = $1";
// Nothing is written for a material that went away meanwhile.
const INSERT: &str = "INSERT INTO lessons (material_id, position, code, module, lesson, title, summary) \
    SELECT id, $2, $3, $4, $5, $6, $7 FROM materials WHERE id = $1";
// Of two catalogues the one that was changed last is right.
const BY_CODES: &str = "SELECT material_id, position, code, module, lesson, lessons.title, summary \
    FROM lessons JOIN materials ON materials.id = lessons.material_id WHERE code IN";
const NEWEST_FIRST: &str = "ORDER BY materials.updated_at DESC, material_id, position";

const OF_MATERIAL: &str = "SELECT material_id, position, code, module, lesson, title, summary FROM lessons \
    WHERE material_id = $1 ORDER BY position";

/// Every statement, for the test that prepares them all.
pub(crate) const STATEMENTS: &[&str] = &[FORGET, INSERT, OF_MATERIAL];

/// Puts the lessons of a catalogue in the place of what it listed before.
pub(crate) async fn replace(db: &Db, material_id: &str, lessons: &[Lesson]) -> Result<(), DbError> {
    let mut tx = db.begin_write().await?;
    on_tx!(&mut tx, |conn| sqlx::query(FORGET)
        .bind(material_id)
        .execute(conn)
        .await
        .map(|_| ()))
    .map_err(DbError::from)?;
    insert(&mut tx, material_id, lessons).await?;
    tx.commit().await
}

/// Adds the lessons of a catalogue that has none listed.
pub(crate) async fn insert(
    tx: &mut Tx,
    material_id: &str,
    lessons: &[Lesson],
) -> Result<(), DbError> {
    for (position, lesson) in (0_i64..).zip(lessons) {
        on_tx!(tx, |conn| sqlx::query(INSERT)
            .bind(material_id)
            .bind(position)
            .bind(&lesson.code)
            .bind(&lesson.module)
            .bind(&lesson.lesson)
            .bind(&lesson.title)
            .bind(&lesson.summary)
            .execute(conn)
            .await
            .map(|_| ()))
        .map_err(DbError::from)?;
    }
    Ok(())
}

/// The lessons that a catalogue lists, in its order.
pub(crate) async fn of_material(db: &Db, material_id: &str) -> Result<Vec<Lesson>, DbError> {
    let rows = on_db!(db, |pool| sqlx::query_as::<_, Row>(OF_MATERIAL)
        .bind(material_id)
        .fetch_all(pool)
        .await)
    .map_err(DbError::from)?;
    Ok(rows
        .into_iter()
        .map(|row| Placed::from(row).lesson)
        .collect())
}

/// The lessons with these codes, each as the catalogue that changed last has it.
pub(crate) async fn by_codes(db: &Db, codes: &[&str]) -> Result<Vec<Placed>, DbError> {
    if codes.is_empty() {
        return Ok(Vec::new());
    }
    let places: Vec<String> = (1..=codes.len()).map(|place| format!("${place}")).collect();
    let sql = format!("{BY_CODES} ({}) {NEWEST_FIRST}", places.join(", "));
    let rows = on_db!(db, |pool| {
        let mut query = sqlx::query_as::<_, Row>(sqlx::AssertSqlSafe(sql));
        for code in codes {
            query = query.bind(*code);
        }
        query.fetch_all(pool).await
    })
    .map_err(DbError::from)?;
    Ok(rows.into_iter().map(Placed::from).collect())
}

type Row = (String, i64, String, String, String, String, String);

impl From<Row> for Placed {
    fn from((material_id, position, code, module, lesson, title, summary): Row) -> Self {
        Self {
            lesson: Lesson {
                code,
                module,
                lesson,
                title,
                summary,
            },
            order: (material_id, position),
        }
    }
}

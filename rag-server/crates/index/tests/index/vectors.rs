//! Vectors: appended beside the chunks, searched, kept apart by model, never returned without their chunk.

use index::{Filter, IndexError, VectorRow};

use crate::fixture::{Shelf, clustered, material, nearest, only, settings, vector_rows};

const MODEL: &str = "modelo/pequeno@1";

fn texts(count: usize) -> Vec<String> {
    (0..count).map(|row| format!("palavra p{row}")).collect()
}

/// A material of `count` chunks and its vectors of 16 dimensions.
async fn put_with_vectors(shelf: &Shelf, id: &str, count: usize) -> Vec<Vec<f32>> {
    let texts = texts(count);
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    shelf.put(material(id, "1", &texts)).await;
    let vectors = clustered(count, 16, id.len() as u64);
    let table = shelf.index.vectors(MODEL, 16).await.unwrap();
    table.append(vector_rows(id, "1", &vectors)).await.unwrap();
    vectors
}

#[tokio::test(flavor = "multi_thread")]
async fn nearest_chunk_comes_first_with_its_cosine() {
    let shelf = Shelf::new().await;
    let vectors = put_with_vectors(&shelf, "a", 20).await;
    let table = shelf.index.vectors(MODEL, 16).await.unwrap();
    // Length does not matter: the cosine does.
    let question: Vec<f32> = vectors[7].iter().map(|value| value * 3.0).collect();
    let hits = table
        .search(&question, &Filter::default(), 5)
        .await
        .unwrap();
    assert_eq!(hits.len(), 5);
    assert_eq!(hits[0].chunk_id, "a:1:7");
    assert!((hits[0].cosine - 1.0).abs() < 1e-4);
    assert!(hits.is_sorted_by(|a, b| a.cosine >= b.cosine));
    for hit in &hits {
        let sentence = hit.sentences.cosines(&question);
        assert_eq!(sentence.len(), 1);
        assert!((sentence[0] - hit.cosine).abs() < 0.01);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn chunks_are_found_by_words_before_they_have_vectors() {
    let shelf = Shelf::new().await;
    shelf.put(material("a", "1", &["palavra"])).await;
    let table = shelf.index.vectors(MODEL, 16).await.unwrap();
    assert!(nearest(&table, &[1.0; 16], 5).await.is_empty());
    assert_eq!(shelf.find("palavra").await, ["a:1:0"]);
    assert!(table.ids_of("a", "1").await.unwrap().is_empty());
    assert_eq!(table.rows().await.unwrap(), 0);
}

/// Trap: an embedding batch that comes back one short shifts all vectors or breaks the table.
#[tokio::test(flavor = "multi_thread")]
async fn one_vector_too_few_is_refused_with_nothing_written() {
    let shelf = Shelf::new().await;
    shelf.put(material("a", "1", &["um", "dois", "três"])).await;
    let chunks = shelf.index.chunks_of("a").await.unwrap();
    let vectors = |count: usize| vec![(vec![1.0; 16], vec![vec![1.0; 16]]); count];
    for count in [0, 2, 4] {
        let error = VectorRow::pair(&chunks, vectors(count)).unwrap_err();
        assert!(matches!(error, IndexError::VectorCount { expected: 3, found } if found == count));
    }
    let table = shelf.index.vectors(MODEL, 16).await.unwrap();
    let rows = VectorRow::pair(&chunks, vectors(3)).unwrap();
    table.append(rows).await.unwrap();
    assert_eq!(table.rows().await.unwrap(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn vectors_of_wrong_length_or_value_are_refused_with_nothing_written() {
    let shelf = Shelf::new().await;
    shelf.put(material("a", "1", &["um", "dois", "três"])).await;
    let table = shelf.index.vectors(MODEL, 16).await.unwrap();
    let good = vector_rows("a", "1", &clustered(3, 16, 1));
    let spoil = |spoil: &dyn Fn(&mut VectorRow)| {
        let mut rows = good.clone();
        spoil(&mut rows[2]);
        rows
    };
    for (rows, length) in [
        (spoil(&|row| row.vector = vec![1.0; 15]), 15),
        (spoil(&|row| row.vector = Vec::new()), 0),
        (spoil(&|row| row.sentences.push(vec![1.0; 17])), 17),
    ] {
        let error = table.append(rows).await.unwrap_err();
        assert!(
            matches!(error, IndexError::Dimensions { expected: 16, found } if found == length),
            "{error:?}"
        );
    }
    let error = table
        .append(spoil(&|row| row.vector[3] = f32::NAN))
        .await
        .unwrap_err();
    assert!(matches!(error, IndexError::InvalidInput { .. }));
    assert_eq!(table.rows().await.unwrap(), 0);
    table.append(good).await.unwrap();
    assert_eq!(table.rows().await.unwrap(), 3);
    let error = table
        .search(&[1.0; 15], &Filter::default(), 3)
        .await
        .unwrap_err();
    assert!(matches!(
        error,
        IndexError::Dimensions {
            expected: 16,
            found: 15
        }
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn appending_again_doubles_nothing() {
    let shelf = Shelf::new().await;
    let vectors = put_with_vectors(&shelf, "a", 6).await;
    let table = shelf.index.vectors(MODEL, 16).await.unwrap();
    let rows = vector_rows("a", "1", &vectors);
    for optimise in [false, true] {
        if optimise {
            shelf.index.optimize().await.unwrap();
        }
        // All of them again, two of them twice in one call, and other values under a known id.
        table.append(rows.clone()).await.unwrap();
        table
            .append([&rows[..2], &rows[..2]].concat())
            .await
            .unwrap();
        let mut other = rows[0].clone();
        other.vector = vec![-1.0; 16];
        table.append(vec![other]).await.unwrap();
        assert_eq!(table.rows().await.unwrap(), 6);
        assert_eq!(table.ids_of("a", "1").await.unwrap().len(), 6);
    }
    assert_eq!(nearest(&table, &vectors[0], 1).await, ["a:1:0"]);
    let ids = ["a:1:3", "nenhum", "a:1:1"].map(str::to_owned);
    let stored = table.get(&ids).await.unwrap();
    assert_eq!(stored.len(), 2);
    assert_eq!(stored[0].chunk_id, "a:1:3");
    let length: f32 = stored[0].vector.iter().map(|value| value * value).sum();
    assert!((length - 1.0).abs() < 1e-5);
    assert_eq!(stored[0].sentences.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn vector_without_chunk_goes_with_the_next_optimisation() {
    let shelf = Shelf::new().await;
    let vectors = put_with_vectors(&shelf, "a", 10).await;
    let table = shelf.index.vectors(MODEL, 16).await.unwrap();
    // The embedder finishes after the material was deleted, and after it was replaced.
    shelf.index.delete(&["a".to_owned()]).await.unwrap();
    assert_eq!(table.rows().await.unwrap(), 0);
    table.append(vector_rows("a", "1", &vectors)).await.unwrap();
    shelf.put(material("b", "1", &["outro"])).await;
    table
        .append(vector_rows("b", "1", &[vec![1.0; 16]]))
        .await
        .unwrap();
    assert_eq!(table.rows().await.unwrap(), 11);
    // Until then it is found, but its chunk is not: who searches drops it.
    let gone = nearest(&table, &vectors[0], 1).await;
    assert_eq!(gone, ["a:1:0"]);
    assert!(shelf.index.chunks(&gone).await.unwrap().is_empty());
    let counts = table.counts().await.unwrap();
    assert_eq!(counts[&("a".to_owned(), "1".to_owned())], 10);
    let report = shelf.index.optimize().await.unwrap();
    assert_eq!(report.stale_vectors_removed, 10);
    assert_eq!(table.rows().await.unwrap(), 1);
    assert_eq!(nearest(&table, &vectors[0], 5).await, ["b:1:0"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn replacing_a_material_removes_vectors_of_its_older_version_only() {
    let shelf = Shelf::new().await;
    put_with_vectors(&shelf, "a", 4).await;
    put_with_vectors(&shelf, "bb", 4).await;
    let table = shelf.index.vectors(MODEL, 16).await.unwrap();
    shelf.put(material("a", "2", &["novo"])).await;
    assert!(table.ids_of("a", "1").await.unwrap().is_empty());
    assert_eq!(table.ids_of("bb", "1").await.unwrap().len(), 4);
    // The same version once more: its vectors stay.
    table
        .append(vector_rows("a", "2", &[vec![1.0; 16]]))
        .await
        .unwrap();
    shelf.put(material("a", "2", &["novo"])).await;
    assert_eq!(table.ids_of("a", "2").await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn filter_holds_for_vectors() {
    let shelf = Shelf::new().await;
    let vectors = put_with_vectors(&shelf, "d'água", 5).await;
    put_with_vectors(&shelf, "outro", 5).await;
    let table = shelf.index.vectors(MODEL, 16).await.unwrap();
    let search = async |filter: Filter| {
        let hits = table.search(&vectors[0], &filter, 10).await;
        let mut materials: Vec<String> = hits
            .unwrap()
            .into_iter()
            .map(|hit| hit.chunk_id.split(':').next().unwrap().to_owned())
            .collect();
        materials.dedup();
        materials
    };
    assert_eq!(search(only(&["d'água"])).await, ["d'água"]);
    assert_eq!(search(only(&["outro"])).await, ["outro"]);
    assert!(search(only(&[])).await.is_empty());
    assert!(search(only(&["nenhum"])).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn each_model_has_a_table_of_its_own() {
    let shelf = Shelf::new().await;
    let vectors = put_with_vectors(&shelf, "a", 3).await;
    let new = shelf.index.vectors("modelo-grande", 32).await.unwrap();
    new.append(vector_rows("a", "1", &clustered(2, 32, 5)))
        .await
        .unwrap();
    // The old one answers while the new one fills.
    let old = shelf.index.vectors(MODEL, 16).await.unwrap();
    assert_eq!(nearest(&old, &vectors[2], 1).await, ["a:1:2"]);
    let tables = shelf.index.vector_tables().await.unwrap();
    let mut rows: Vec<(String, usize, u64)> = tables
        .into_iter()
        .map(|info| (info.model_id, info.dimensions, info.rows))
        .collect();
    rows.sort();
    assert_eq!(
        rows,
        [
            ("modelo-grande".to_owned(), 32, 2),
            (MODEL.to_owned(), 16, 3)
        ]
    );
    shelf.index.drop_vectors(MODEL).await.unwrap();
    shelf.index.drop_vectors(MODEL).await.unwrap();
    assert_eq!(shelf.index.vector_tables().await.unwrap().len(), 1);
    assert!(old.append(vector_rows("a", "1", &vectors)).await.is_err());
    // A table that was dropped can be made again.
    let again = shelf.index.vectors(MODEL, 16).await.unwrap();
    assert_eq!(again.rows().await.unwrap(), 0);
}

/// Trap: after a change of model the dimension does not fit and every question fails.
#[tokio::test(flavor = "multi_thread")]
async fn other_dimensions_under_the_same_model_are_a_clear_error() {
    let shelf = Shelf::new().await;
    put_with_vectors(&shelf, "a", 2).await;
    let reopened = index::Index::open(settings(&shelf.folder)).await.unwrap();
    for index in [&shelf.index, &reopened] {
        let error = index.vectors(MODEL, 32).await.unwrap_err();
        assert!(
            matches!(
                &error,
                IndexError::ModelMismatch { expected_dimensions: 32, found_dimensions: 16, found_model, .. }
                    if found_model == MODEL
            ),
            "{error:?}"
        );
        assert!(error.to_string().contains("16 dimensions"), "{error}");
    }
    assert_eq!(
        reopened
            .vectors(MODEL, 16)
            .await
            .unwrap()
            .rows()
            .await
            .unwrap(),
        2
    );
    assert!(shelf.index.vectors("", 16).await.is_err());
    assert!(shelf.index.vectors("m", 0).await.is_err());
}

/// Trap: default settings of an approximate index can have very low recall.
#[tokio::test(flavor = "multi_thread")]
async fn approximate_index_finds_what_a_full_scan_finds() {
    const ROWS: usize = 4_000;
    const DIMENSIONS: usize = 96;
    const TOP: usize = 10;
    let folder = tempfile::tempdir().unwrap();
    let index = index::Index::open(index::IndexSettings {
        vector_index_rows: 2_000,
        ..settings(&folder)
    })
    .await
    .unwrap();
    let texts = texts(ROWS);
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    index
        .replace(vec![material("a", "1", &texts)])
        .await
        .unwrap();
    let table = index.vectors(MODEL, DIMENSIONS).await.unwrap();
    let vectors = clustered(ROWS + 50, DIMENSIONS, 3);
    let (stored, questions) = vectors.split_at(ROWS);
    // The index is trained on most of the rows; the others come later.
    let rows = vector_rows("a", "1", stored);
    table.append(rows[..3_500].to_vec()).await.unwrap();
    index.optimize().await.unwrap();
    let recall = async || {
        let mut same = 0;
        for question in questions {
            let scanned = table.scan(question, &Filter::default(), TOP).await.unwrap();
            let found = nearest(&table, question, TOP).await;
            same += scanned
                .iter()
                .filter(|hit| found.contains(&hit.chunk_id))
                .count();
        }
        same as f64 / (questions.len() * TOP) as f64
    };
    let trained = index.stats().await.unwrap().vectors[0].1.clone();
    assert_eq!((trained.rows, trained.unindexed_rows), (3_500, 0));
    assert!(recall().await >= 0.95);
    table.append(rows[3_500..].to_vec()).await.unwrap();
    assert_eq!(
        index.stats().await.unwrap().vectors[0].1.unindexed_rows,
        500
    );
    assert!(recall().await >= 0.95);
    index.optimize().await.unwrap();
    assert_eq!(index.stats().await.unwrap().vectors[0].1.unindexed_rows, 0);
    let after = recall().await;
    assert!(after >= 0.95, "{after}");
}

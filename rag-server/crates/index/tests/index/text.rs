//! Chunks: written, found by their words, replaced, deleted, read back.

use chunk::Sentence;
use extract::Locator;
use index::{Filter, Index, IndexError, IndexSettings, IndexedVersion, Retry, chunk_id};
use proptest::prelude::*;

use crate::fixture::{Shelf, material, only, settings};

/// Trap: a full-text index made on an empty table covers no rows until the table is optimised.
#[tokio::test(flavor = "multi_thread")]
async fn rows_of_a_table_that_was_empty_when_indexed_are_found() {
    let shelf = Shelf::new().await;
    assert!(shelf.find("mitocôndria").await.is_empty());
    shelf
        .put(material("a", "1", &["mitocôndria celula", "núcleo celula"]))
        .await;
    assert_eq!(shelf.find("mitocôndria").await, ["a:1:0"]);
    assert_eq!(shelf.find("celula").await.len(), 2);
    shelf.index.optimize().await.unwrap();
    assert_eq!(shelf.find("mitocôndria").await, ["a:1:0"]);
    assert_eq!(shelf.find("celula").await.len(), 2);
    assert_eq!(shelf.index.stats().await.unwrap().chunks.unindexed_rows, 0);
}

/// Trap: full-text search that ignores rows added after the index was made.
#[tokio::test(flavor = "multi_thread")]
async fn rows_added_after_the_index_are_found_at_once() {
    let shelf = Shelf::new().await;
    shelf.put(material("a", "1", &["fotossíntese luz"])).await;
    shelf.index.optimize().await.unwrap();
    for round in 0..5 {
        let id = format!("m{round}");
        let own = format!("termo{round}");
        let text = format!("{own} luz");
        shelf.put(material(&id, "1", &[&text])).await;
        assert_eq!(shelf.find(&own).await, [chunk_id(&id, "1", 0)]);
        assert_eq!(shelf.find("luz").await.len(), round + 2);
    }
    shelf.index.optimize().await.unwrap();
    assert_eq!(shelf.find("luz").await.len(), 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn best_match_comes_first_and_scores_do_not_depend_on_being_indexed() {
    let shelf = Shelf::new().await;
    shelf
        .put(material(
            "a",
            "1",
            &[
                "raiz raiz raiz caule",
                "raiz folha flor caule",
                "folha flor semente fruto",
            ],
        ))
        .await;
    let search = async || {
        shelf
            .index
            .search_text("raiz", &Filter::default(), 10)
            .await
            .unwrap()
    };
    let before = search().await;
    shelf.index.optimize().await.unwrap();
    let after = search().await;
    assert_eq!(before.len(), 2);
    for (scanned, indexed) in before.iter().zip(&after) {
        assert_eq!(scanned.chunk, indexed.chunk);
        assert!(
            (scanned.score - indexed.score).abs() < 0.01,
            "{scanned:?} {indexed:?}"
        );
    }
    assert_eq!(after[0].chunk.id, "a:1:0");
    assert!(after[0].score > after[1].score && after[1].score > 0.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn terms_are_taken_as_they_are() {
    let shelf = Shelf::new().await;
    let long = "x".repeat(120);
    let text = format!("o de art-5 §3º h2o c++ ç {long}");
    shelf.put(material("a", "1", &[&text, "outra coisa"])).await;
    for indexed in [false, true] {
        for term in ["o", "de", "art-5", "§3º", "h2o", "c++", "ç", &long] {
            assert_eq!(shelf.find(term).await, ["a:1:0"], "{term} {indexed}");
        }
        for term in ["art", "c", "arts-5", "c+", "coisas"] {
            assert!(shelf.find(term).await.is_empty(), "{term} {indexed}");
        }
        shelf.index.optimize().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn replacing_twice_leaves_the_same_table() {
    let shelf = Shelf::new().await;
    let texts = ["um dois", "três quatro", "cinco seis"];
    for _ in 0..2 {
        shelf.put(material("a", "1", &texts)).await;
        let chunks = shelf.index.chunks_of("a").await.unwrap();
        let ids: Vec<&str> = chunks.iter().map(|stored| stored.id.as_str()).collect();
        assert_eq!(ids, ["a:1:0", "a:1:1", "a:1:2"]);
        assert_eq!(shelf.rows().await, 3);
        assert_eq!(shelf.find("quatro").await, ["a:1:1"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn replaced_text_is_never_found_and_other_materials_stay() {
    let shelf = Shelf::new().await;
    shelf
        .put(material(
            "a",
            "1",
            &["velho azul", "velho verde", "velho roxo"],
        ))
        .await;
    shelf.put(material("b", "1", &["velho branco"])).await;
    shelf.index.optimize().await.unwrap();
    shelf.put(material("a", "2", &["novo azul"])).await;
    for _ in 0..2 {
        assert_eq!(shelf.find("velho").await, ["b:1:0"]);
        assert_eq!(shelf.find("azul").await, ["a:2:0"]);
        assert_eq!(shelf.rows().await, 2);
        shelf.index.optimize().await.unwrap();
    }
    let materials = shelf.index.materials().await.unwrap();
    let version = |version: &str| IndexedVersion {
        version: version.to_owned(),
        chunks: 1,
    };
    assert_eq!(materials["a"], version("2"));
    assert_eq!(materials["b"], version("1"));
    assert!(!materials.contains_key("c"));
    // Fewer chunks of the same version, and none at all.
    shelf.put(material("a", "3", &["um", "dois"])).await;
    shelf.put(material("a", "3", &["um"])).await;
    assert_eq!(shelf.index.chunks_of("a").await.unwrap().len(), 1);
    shelf.put(material("a", "4", &[])).await;
    assert!(shelf.index.chunks_of("a").await.unwrap().is_empty());
    assert_eq!(shelf.rows().await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn deleted_material_is_gone_and_can_come_back() {
    let shelf = Shelf::new().await;
    shelf.put(material("a", "1", &["sal açúcar"])).await;
    shelf.put(material("b", "1", &["sal pimenta"])).await;
    let ids = ["a".to_owned(), "nenhum".to_owned()];
    shelf.index.delete(&ids).await.unwrap();
    assert_eq!(shelf.find("sal").await, ["b:1:0"]);
    shelf.index.delete(&ids).await.unwrap();
    shelf.put(material("a", "1", &["sal açúcar"])).await;
    assert_eq!(shelf.find("sal").await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn chunks_come_back_as_they_went_in() {
    let shelf = Shelf::new().await;
    let mut table = material("planilha", "v", &["Aluno\tNota\nAna\t9,5", "fim"]);
    let sheet = |range: &str| Locator::Sheet {
        name: "Notas 2º sem.".to_owned(),
        range: range.to_owned(),
    };
    let first = &mut table.chunks[0].chunk;
    first.locator = sheet("A1:B2");
    first.headings.clear();
    first.sentences = vec![
        Sentence {
            start: 0,
            end: 10,
            locator: sheet("A1:B1"),
        },
        Sentence {
            start: 11,
            end: 18,
            locator: sheet("A1:B2"),
        },
    ];
    shelf.put(table.clone()).await;
    let stored = shelf.index.chunks_of("planilha").await.unwrap();
    assert_eq!(stored[0].chunk, table.chunks[0].chunk);
    assert_eq!(stored[0].sheet(), Some("Notas 2º sem."));
    assert_eq!(stored[0].range(), Some("A1:B2"));
    assert_eq!(stored[0].page(), None);
    assert_eq!(stored[1].page(), Some(2));
    let ids = ["planilha:v:1", "planilha:v:9", "planilha:v:0"].map(str::to_owned);
    let by_id = shelf.index.chunks(&ids).await.unwrap();
    assert_eq!(by_id, [stored[1].clone(), stored[0].clone()]);
}

#[tokio::test(flavor = "multi_thread")]
async fn ids_with_quotes_accents_and_wildcards_are_taken_literally() {
    let shelf = Shelf::new().await;
    let ids = [
        "d'água",
        "a\"b",
        "ação:1",
        "x' OR '1'='1",
        "100%",
        "a_b",
        "a;--",
        "\\",
        "名前",
        "um dois",
    ];
    for id in ids {
        shelf.put(material(id, "1", &["palavra comum"])).await;
    }
    assert_eq!(shelf.rows().await, ids.len() as u64);
    for id in ids {
        let hits = shelf
            .index
            .search_text("palavra", &only(&[id]), 100)
            .await
            .unwrap();
        let materials: Vec<&str> = hits
            .iter()
            .map(|hit| hit.chunk.material_id.as_str())
            .collect();
        assert_eq!(materials, [id]);
        assert_eq!(shelf.index.chunks_of(id).await.unwrap().len(), 1, "{id}");
        assert_eq!(
            shelf
                .index
                .chunks(&[chunk_id(id, "1", 0)])
                .await
                .unwrap()
                .len(),
            1
        );
    }
    for (id, left) in ids.iter().zip((0..ids.len() as u64).rev()) {
        shelf.index.delete(&[(*id).to_owned()]).await.unwrap();
        assert_eq!(shelf.rows().await, left, "{id}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_and_limits_hold() {
    let shelf = Shelf::new().await;
    for id in ["a", "b", "c"] {
        shelf
            .put(material(id, "1", &["gato preto", "gato branco"]))
            .await;
    }
    shelf.index.optimize().await.unwrap();
    shelf.put(material("d", "1", &["gato preto"])).await;
    let count = async |filter: Filter, limit: usize| {
        let hits = shelf.index.search_text("gato", &filter, limit).await;
        hits.unwrap().len()
    };
    assert_eq!(count(Filter::default(), 100).await, 7);
    assert_eq!(count(Filter::default(), 3).await, 3);
    assert_eq!(count(Filter::default(), 0).await, 0);
    assert_eq!(count(Filter::default(), usize::MAX).await, 7);
    assert_eq!(count(only(&["b", "d"]), 100).await, 3);
    assert_eq!(count(only(&["nenhum"]), 100).await, 0);
    assert_eq!(count(only(&[]), 100).await, 0);
    assert!(shelf.find("").await.is_empty());
    assert!(shelf.find("cachorro").await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_ids_and_ordinals_are_refused_with_nothing_written() {
    let shelf = Shelf::new().await;
    let long = "x".repeat(201);
    let mut twice = material("a", "1", &["um", "dois"]);
    twice.chunks[1].chunk.ordinal = 0;
    let bad = [
        material("", "1", &["um"]),
        material("a/b", "1", &["um"]),
        material("a\nb", "1", &["um"]),
        material(&long, "1", &["um"]),
        material("a", "", &["um"]),
        material("a", "1:2", &["um"]),
        twice,
    ];
    for material in bad {
        let good = crate::fixture::material("bom", "1", &["um"]);
        let error = shelf.index.replace(vec![good, material]).await.unwrap_err();
        assert!(
            matches!(error, IndexError::InvalidInput { .. }),
            "{error:?}"
        );
        assert_eq!(error.retry(), Retry::Never);
    }
    assert_eq!(shelf.rows().await, 0);
    assert!(shelf.index.delete(&["a/b".to_owned()]).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_there_after_reopening() {
    let shelf = Shelf::new().await;
    shelf
        .put(material("a", "1", &["durável palavra", "segunda palavra"]))
        .await;
    let generation = shelf.index.generation().await.unwrap();
    let Shelf { folder, index } = shelf;
    index.close().await;
    for _ in 0..2 {
        let index = Index::open(settings(&folder)).await.unwrap();
        assert_eq!(index.generation().await.unwrap(), generation);
        assert_eq!(index.chunks_of("a").await.unwrap().len(), 2);
        assert_eq!(crate::fixture::found(&index, "durável").await, ["a:1:0"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn closed_index_refuses_writes_and_still_reads() {
    let shelf = Shelf::new().await;
    shelf.put(material("a", "1", &["palavra"])).await;
    let other = shelf.index.clone();
    shelf.index.close().await;
    let error = other.replace(vec![material("b", "1", &["palavra"])]).await;
    assert!(matches!(error, Err(IndexError::Closed)));
    assert_eq!(crate::fixture::found(&other, "palavra").await, ["a:1:0"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn collections_in_one_folder_do_not_meet() {
    let shelf = Shelf::new().await;
    let uri = shelf.folder.path().to_str().unwrap();
    let other = Index::open(IndexSettings::new(uri, "outra")).await.unwrap();
    shelf.put(material("a", "1", &["palavra"])).await;
    assert!(crate::fixture::found(&other, "palavra").await.is_empty());
    other.reset().await.unwrap();
    assert_eq!(shelf.find("palavra").await, ["a:1:0"]);
    let bad = Index::open(IndexSettings::new(uri, "a__b")).await;
    assert!(matches!(bad, Err(IndexError::InvalidSettings { .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn sample_of_terms_is_spread_over_the_table() {
    let shelf = Shelf::new().await;
    assert!(shelf.index.sample_terms(10).await.unwrap().is_empty());
    let texts: Vec<String> = (0..100).map(|row| format!("t{row}")).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    shelf.put(material("a", "1", &texts)).await;
    assert_eq!(shelf.index.sample_terms(1000).await.unwrap().len(), 100);
    let sample = shelf.index.sample_terms(10).await.unwrap();
    assert_eq!(sample.len(), 10);
    assert!(sample.contains(&"t0".to_owned()) && sample.contains(&"t90".to_owned()));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever the order of writes, the table holds exactly the last version of each material.
    #[test]
    fn table_holds_the_last_version_of_each_material(
        steps in prop::collection::vec((0_u8..4, 0_usize..4, any::<bool>()), 1..12),
    ) {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let shelf = Shelf::new().await;
            let mut expected = std::collections::BTreeMap::new();
            for (step, (id, size, optimise)) in steps.into_iter().enumerate() {
                let id = format!("m{id}");
                let texts: Vec<String> =
                    (0..size).map(|row| format!("comum {id} v{step} linha{row}")).collect();
                let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
                if size == 0 {
                    shelf.index.delete(std::slice::from_ref(&id)).await.unwrap();
                    expected.remove(&id);
                } else {
                    shelf.put(material(&id, &step.to_string(), &texts)).await;
                    expected.insert(id, (step.to_string(), size));
                }
                if optimise {
                    shelf.index.optimize().await.unwrap();
                }
            }
            let mut found = shelf.find("comum").await;
            found.sort();
            let mut ids: Vec<String> = expected
                .iter()
                .flat_map(|(id, (version, size))| {
                    (0..*size as u32).map(|row| chunk_id(id, version, row))
                })
                .collect();
            ids.sort();
            assert_eq!(found, ids);
        });
    }
}

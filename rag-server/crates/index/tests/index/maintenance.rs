//! Disk, versions and search indices over many small writes.

use index::Need;

use crate::fixture::{Shelf, clustered, material, vector_rows};

/// Trap: without compaction every small write leaves a data file and a version, and disk and latency grow.
#[tokio::test(flavor = "multi_thread")]
async fn disk_stays_bounded_over_many_small_writes() {
    let shelf = Shelf::new().await;
    let table = shelf.index.vectors("m", 16).await.unwrap();
    let text = "conteúdo da aula sobre ecossistemas ".repeat(8);
    let write = async |round: usize| {
        for id in 0..10 {
            let id = format!("m{id}");
            let version = round.to_string();
            shelf.put(material(&id, &version, &[&text])).await;
            let vectors = clustered(1, 16, round as u64);
            table
                .append(vector_rows(&id, &version, &vectors))
                .await
                .unwrap();
        }
        shelf.index.optimize().await.unwrap();
        shelf.index.stats().await.unwrap()
    };
    write(0).await;
    let early = write(1).await;
    let mut late = early.clone();
    for round in 2..6 {
        late = write(round).await;
    }
    assert_eq!(late.chunks.rows, 10);
    assert_eq!(late.chunks.unindexed_rows, 0);
    assert_eq!(late.chunks.deleted_rows, 0);
    assert_eq!(late.chunks.fragments, 1);
    assert!(late.chunks.versions <= 3, "{late:?}");
    assert_eq!(late.vectors[0].1.rows, 10);
    assert_eq!(late.vectors[0].1.fragments, 1);
    assert!(late.vectors[0].1.versions <= 3, "{late:?}");
    let (early, late) = (early.disk_bytes.unwrap(), late.disk_bytes.unwrap());
    assert!(late <= early + early / 4, "{early} bytes became {late}");
}

/// Trap: space of deleted rows never comes back.
#[tokio::test(flavor = "multi_thread")]
async fn space_of_deleted_materials_comes_back() {
    let fresh = Shelf::new().await;
    let used = Shelf::new().await;
    let kept: Vec<String> = (0..200)
        .map(|row| format!("linha mantida número n{row}"))
        .collect();
    let kept: Vec<&str> = kept.iter().map(String::as_str).collect();
    for shelf in [&fresh, &used] {
        shelf.put(material("fica", "1", &kept)).await;
        shelf.index.optimize().await.unwrap();
    }
    for round in 0..8 {
        let gone: Vec<String> = (0..200)
            .map(|row| format!("linha removida r{round}x{row}"))
            .collect();
        let gone: Vec<&str> = gone.iter().map(String::as_str).collect();
        used.put(material("some", &round.to_string(), &gone)).await;
    }
    used.index.optimize().await.unwrap();
    used.index.delete(&["some".to_owned()]).await.unwrap();
    used.index.optimize().await.unwrap();
    assert!(used.find("removida").await.is_empty());
    assert_eq!(used.find("n7").await, ["fica:1:7"]);
    let bytes = async |shelf: &Shelf| shelf.index.stats().await.unwrap().disk_bytes.unwrap();
    let (fresh, used) = (bytes(&fresh).await, bytes(&used).await);
    assert!(
        used <= fresh + fresh / 10 + 16_384,
        "{used} bytes, fresh {fresh}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn need_to_optimise_is_counted_and_survives_a_restart() {
    let shelf = Shelf::new().await;
    shelf.index.optimize().await.unwrap();
    assert_eq!(shelf.index.optimize_need(), Need::None);
    for number in 0..4 {
        let id = format!("curta-{number}");
        shelf.put(material(&id, "1", &["uma linha"])).await;
    }
    assert_eq!(shelf.index.optimize_need(), Need::Worthwhile);
    let many: Vec<String> = (0..2_500).map(|row| format!("linha l{row}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    shelf.put(material("a", "1", &many)).await;
    assert_eq!(shelf.index.optimize_need(), Need::Pressing);
    let reopened = shelf.another().await;
    assert_eq!(reopened.optimize_need(), Need::Pressing);
    shelf.index.optimize().await.unwrap();
    assert_eq!(shelf.index.optimize_need(), Need::None);
    assert_eq!(shelf.another().await.optimize_need(), Need::None);
}

#[tokio::test(flavor = "multi_thread")]
async fn reset_empties_everything_and_handles_stay_valid() {
    let shelf = Shelf::new().await;
    let table = shelf.index.vectors("m", 16).await.unwrap();
    for id in ["a", "b"] {
        shelf.put(material(id, "1", &["palavra"])).await;
        table
            .append(vector_rows(id, "1", &[vec![1.0; 16]]))
            .await
            .unwrap();
    }
    shelf.index.reset().await.unwrap();
    assert_eq!(shelf.rows().await, 0);
    assert_eq!(table.rows().await.unwrap(), 0);
    assert!(shelf.find("palavra").await.is_empty());
    assert!(shelf.index.materials().await.unwrap().is_empty());
    shelf.put(material("a", "2", &["palavra nova"])).await;
    table
        .append(vector_rows("a", "2", &[vec![1.0; 16]]))
        .await
        .unwrap();
    assert_eq!(shelf.find("palavra").await, ["a:2:0"]);
    assert_eq!(table.rows().await.unwrap(), 1);
    shelf.index.reset().await.unwrap();
    shelf.index.optimize().await.unwrap();
    assert_eq!(shelf.rows().await, 0);
}

/// Trap: full-text errors on a server that optimises often over a long time.
#[tokio::test(flavor = "multi_thread")]
async fn search_works_through_many_rounds_of_writing_and_optimising() {
    let shelf = Shelf::new().await;
    for round in 0..25_usize {
        let id = format!("m{}", round % 7);
        let own = format!("rodada{round}");
        let first = format!("{own} comum");
        let version = round.to_string();
        shelf
            .put(material(&id, &version, &[&first, "comum outra"]))
            .await;
        if round % 5 == 4 {
            let gone = format!("m{}", (round + 1) % 7);
            shelf.index.delete(&[gone]).await.unwrap();
        }
        assert_eq!(shelf.find(&own).await, [format!("{id}:{version}:0")]);
        shelf.index.optimize().await.unwrap();
        assert_eq!(shelf.find(&own).await, [format!("{id}:{version}:0")]);
        assert_eq!(shelf.find("comum").await.len() as u64, shelf.rows().await);
    }
}

use std::time::Duration;

use super::*;

fn value(page: &str, series: &str) -> Option<f64> {
    page.lines()
        .find_map(|line| line.strip_prefix(series))
        .and_then(|rest| rest.trim().parse().ok())
}

#[test]
fn requests_are_counted_by_template_and_status() {
    let metrics = Metrics::new("rag-server", "1.2.3", |_| {});
    for (status, ms) in [(200, 20), (200, 2_000), (503, 1)] {
        metrics.answered("GET", "/materials/{id}", status, Duration::from_millis(ms));
    }
    let page = metrics.page();
    let count = |status: &str| {
        value(
            &page,
            &format!(
                "http_requests_total{{method=\"GET\",route=\"/materials/{{id}}\",status=\"{status}\"}}"
            ),
        )
    };
    assert_eq!((count("200"), count("503")), (Some(2.0), Some(1.0)));
    let bucket = |end: &str| {
        value(
            &page,
            &format!(
                "http_request_duration_seconds_bucket{{le=\"{end}\",method=\"GET\",route=\"/materials/{{id}}\"}}"
            ),
        )
    };
    assert_eq!(
        (bucket("0.005"), bucket("0.025"), bucket("+Inf")),
        (Some(1.0), Some(2.0), Some(3.0)),
        "{page}"
    );
    assert!(page.ends_with("# EOF\n"), "{page}");
}

#[test]
fn the_process_and_what_a_server_adds_are_shown() {
    let waiting = Gauges::default();
    waiting.get_or_create(&Kind::of("mails")).set(3);
    let registered = waiting.clone();
    let metrics = Metrics::new("api-server", "1.2.3", |registry| {
        registry.register("acervo_waiting", "What waits", registered);
    });
    let page = metrics.page();
    assert_eq!(value(&page, "acervo_waiting{kind=\"mails\"}"), Some(3.0));
    assert!(value(&page, "process_resident_memory_bytes").unwrap() > 1e6);
    assert!(value(&page, "process_start_time_seconds").unwrap() > 1.7e9);
    assert!(value(&page, "process_cpu_seconds_total").unwrap() >= 0.0);
    assert!(page.contains("service=\"api-server\",version=\"1.2.3\""));
}

//! Materials through HTTP: sent as the web application sends them, listed, described, downloaded, removed.

pub(crate) mod archives;
mod basics;
mod downloads;
pub(crate) mod index;
mod uploads;

use serde_json::Value;

use crate::test_app::{Answer, Person, TestApp};

pub(crate) const BOUNDARY: &str = "----WebKitFormBoundaryAbC123xYz";

/// A part of a form: name, name of the file, content.
pub(crate) type Part<'a> = (&'a str, Option<&'a str>, &'a [u8]);

/// A form as a browser writes it.
pub(crate) fn form(parts: &[Part<'_>]) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, filename, content) in parts {
        body.extend_from_slice(
            format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"").as_bytes(),
        );
        if let Some(filename) = filename {
            body.extend_from_slice(
                format!("; filename=\"{filename}\"\r\nContent-Type: application/octet-stream")
                    .as_bytes(),
            );
        }
        body.extend_from_slice(b"\r\n\r\n");
        body.extend_from_slice(content);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
    body
}

impl TestApp {
    /// Sends a form under the content type the web application gives it.
    pub(crate) async fn send_form(
        &self,
        who: &Person,
        method: &str,
        path: &str,
        parts: &[Part<'_>],
    ) -> Answer {
        let request = self
            .request(method, path)
            .bearer_auth(&who.token)
            .header("content-type", "application/json")
            .body(form(parts));
        self.send(request).await
    }

    /// Sends a file.
    pub(crate) async fn upload(&self, who: &Person, name: &str, content: &[u8]) -> Answer {
        self.send_form(
            who,
            "POST",
            "/api/materials/upload",
            &[("file", Some(name), content)],
        )
        .await
    }

    /// Sends an archive.
    pub(crate) async fn upload_archive(&self, who: &Person, name: &str, content: &[u8]) -> Answer {
        self.send_form(
            who,
            "POST",
            "/api/materials/upload-archive",
            &[("archive", Some(name), content)],
        )
        .await
    }

    /// Ids of all materials.
    pub(crate) async fn material_ids(&self, who: &Person) -> Vec<String> {
        let listed = self.get(who, "/api/materials").await.ok();
        listed
            .as_array()
            .unwrap()
            .iter()
            .map(|material| text(material, "id"))
            .collect()
    }

    /// Files in the store, those on their way included.
    pub(crate) fn stored_files(&self) -> usize {
        fn count(folder: &std::path::Path) -> usize {
            let Ok(entries) = std::fs::read_dir(folder) else {
                return 0;
            };
            entries
                .map(|entry| entry.unwrap().path())
                // What processes lock stays, whatever goes.
                .filter(|path| !path.ends_with(".lock"))
                .map(|path| if path.is_dir() { count(&path) } else { 1 })
                .sum()
        }
        count(&self.folder.path().join("uploads"))
    }
}

pub(crate) fn text(value: &Value, key: &str) -> String {
    value[key]
        .as_str()
        .unwrap_or_else(|| panic!("no text {key} in {value}"))
        .to_owned()
}

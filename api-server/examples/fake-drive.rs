//! The tests' Google Drive as a program: `cargo run -p api-server --example fake-drive -- 8765`.
//!
//! For clients of other languages (`scripts/drive-shape.py`) and for a look by hand. It prints a JSON line with its address and
//! what it takes for credentials, and ends with the process.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::format_collect,
    clippy::print_stdout,
    dead_code,
    reason = "test support, of which this program uses a part"
)]

#[path = "../tests/drive/fake/mod.rs"]
mod fake;

use serde_json::json;

use fake::FakeDrive;

/// Whose drive it is.
const OWNER: &str = "professora@escola.example";

#[tokio::main]
async fn main() {
    let port = std::env::args()
        .nth(1)
        .map_or(0, |text| text.parse().expect("a port"));
    let drive = FakeDrive::start_on(port, 1).await;
    let root = drive.world().add_user(OWNER);
    let (access, refresh) = {
        let mut oauth = drive.oauth();
        oauth.at_the_browser = Some(OWNER.to_owned());
        (oauth.grant_access(OWNER), oauth.grant_refresh(OWNER))
    };
    let told = json!({
        "base": drive.base(), "root": root, "access_token": access, "refresh_token": refresh, "api_key": fake::oauth::API_KEY,
        "client_id": fake::oauth::CLIENT_ID, "client_secret": fake::oauth::CLIENT_SECRET,
        "robot_key": drive.robot_key(),
    });
    println!("{told}");
    std::future::pending::<()>().await;
}

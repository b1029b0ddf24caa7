//! One route that does nothing, as an upper limit beside the servers' figures: `bare-route PORT`, started by `benches/compare/run.sh`.

use actix_web::{App, HttpResponse, HttpServer, web};

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    let port = std::env::args().nth(1);
    let port = port
        .and_then(|text| text.parse().ok())
        .ok_or_else(|| std::io::Error::other("usage: bare-route PORT"))?;
    let app = || App::new().default_service(web::to(async || HttpResponse::Ok().body("{}")));
    HttpServer::new(app)
        .workers(2)
        .bind(("127.0.0.1", port))?
        .run()
        .await
}

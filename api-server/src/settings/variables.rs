//! Where settings come from: variables of the environment, and the files with the defaults.

use shared::settings::{Defaults, Spec, Variable};

/// Plain names of variables; those of the earlier system keep working.
pub const VARIABLES: &[Variable] = &[
    Variable::new("API_HOST", "server.host"),
    Variable::new("API_PORT", "server.port"),
    Variable::new("HOST", "server.host"),
    Variable::new("PORT", "server.port"),
    Variable::new("PUBLIC_BASE_URL", "server.public_url"),
    Variable::new("FRONTEND_URL", "server.public_url").deprecated("PUBLIC_BASE_URL"),
    Variable::new("TRUSTED_PROXIES", "server.trusted_proxies"),
    Variable::new("CORS_ORIGINS", "server.cors_origins"),
    Variable::new("ALLOWED_ORIGINS", "server.cors_origins").deprecated("CORS_ORIGINS"),
    Variable::new("DATA_DIR", "data_dir"),
    Variable::new("DATABASE_URL", "database.url"),
    Variable::new("REDIS_URL", "cache.redis_url"),
    Variable::new("JWT_SECRET_KEY", "jwt.secret"),
    Variable::new("SECRET_KEY", "jwt.secret").deprecated("JWT_SECRET_KEY"),
    Variable::new("JWT_PREVIOUS_SECRET_KEYS", "jwt.previous_secrets"),
    Variable::new("JWT_ALGORITHM", "jwt.algorithm"),
    Variable::new("JWT_PRIVATE_KEY", "jwt.private_key"),
    Variable::new("JWT_PUBLIC_KEY", "jwt.public_key"),
    Variable::new("JWT_PREVIOUS_PUBLIC_KEYS", "jwt.previous_public_keys"),
    Variable::new("ACCESS_TOKEN_EXPIRE_MINUTES", "jwt.lifetime").unit("m"),
    Variable::new("SERVICE_SECRET", "service.secret"),
    Variable::new("RAG_SERVER_URL", "service.rag_server_url"),
    Variable::new("MAX_MATERIAL_BYTES", "materials.max_upload"),
    Variable::new("MAX_ARCHIVE_BYTES", "materials.max_archive"),
    Variable::new("ALLOWED_EXTENSIONS", "materials.extensions"),
    Variable::new("WEBHOOK_SECRET", "webhook.secret"),
    Variable::new("ADMIN_USERNAME", "admin.username"),
    Variable::new("ADMIN_PASSWORD", "admin.password"),
    Variable::new("ADMIN_EMAIL", "admin.email"),
    Variable::new("EMAIL_HOST", "mail.host"),
    Variable::new("EMAIL_PORT", "mail.port"),
    Variable::new("EMAIL_SECURITY", "mail.security"),
    Variable::new("EMAIL_USERNAME", "mail.username"),
    Variable::new("EMAIL_PASSWORD", "mail.password"),
    Variable::new("EMAIL_FROM", "mail.from"),
    Variable::new("MAX_LOGIN_ATTEMPTS", "login.attempts"),
    Variable::new("REQUIRE_ADMIN_TWO_FACTOR", "two_factor.required_for_admins"),
    Variable::new("LOG_LEVEL", "log.level"),
    Variable::new("LOG_FORMAT", "log.format"),
    Variable::new("API_LOG_LEVEL", "log.level").deprecated("LOG_LEVEL"),
];

/// Where settings come from.
pub const SPEC: Spec = Spec {
    section: "api",
    prefix: "API__",
    variables: VARIABLES,
    secrets: &[
        "jwt.secret",
        "jwt.previous_secrets",
        "jwt.private_key",
        "service.secret",
        "webhook.secret",
        "admin.password",
        "mail.password",
    ],
    defaults: Defaults {
        base: include_str!("../../../config/base.yaml"),
        development: include_str!("../../../config/development.yaml"),
        testing: include_str!("../../../config/testing.yaml"),
        production: include_str!("../../../config/production.yaml"),
    },
};

//! Names of variables of the environment.

use shared::settings::Variable;

/// Plain names of variables; those of the earlier system keep working.
pub(super) const VARIABLES: &[Variable] = &[
    Variable::new("HOST", "server.host"),
    Variable::new("PORT", "server.port"),
    Variable::new("MAX_UPLOAD_BYTES", "server.upload_limit"),
    Variable::new("DATA_DIR", "data_dir"),
    Variable::new("MATERIALS_DIR", "materials_dir"),
    Variable::new("SERVICE_SECRET", "service.secret"),
    Variable::new("METRICS_TOKEN", "service.metrics_token"),
    Variable::new("API_SERVER_URL", "service.api_server_url"),
    Variable::new("REPLICA", "replica.enabled"),
    Variable::new("REPLICA_URL", "replica.url"),
    Variable::new("RAG_DATABASE_URL", "database.url"),
    Variable::new("RAG_QUEUE_URL", "database.queue_url"),
    Variable::new("LANCE_URI", "index.uri"),
    Variable::new("CHROMA_PERSIST_DIR", "index.uri").deprecated("LANCE_URI"),
    Variable::new("COLLECTION_NAME", "index.collection"),
    Variable::new("CHUNK_SIZE", "chunk.size"),
    Variable::new("CHUNK_OVERLAP", "chunk.overlap"),
    Variable::new("MAX_STORE_ARCHIVE_BYTES", "archive.upload_limit"),
    Variable::new("STORE_ARCHIVES_KEPT", "archive.keep"),
    Variable::new("OCR_PROGRAM", "reader.ocr_program"),
    Variable::new("OCR_LANGUAGES", "reader.ocr_languages"),
    Variable::new("MODEL_DIR", "embedding.model_dir"),
    Variable::new("N_THREADS", "embedding.threads"),
    Variable::new("EMBEDDING_PROVIDER", "embedding.provider"),
    Variable::new("EMBEDDING_BASE_URL", "embedding.base_url"),
    Variable::new("EMBEDDING_SERVICE_URL", "embedding.base_url").deprecated("EMBEDDING_BASE_URL"),
    Variable::new("EMBEDDING_MODEL", "embedding.model"),
    Variable::new("EMBEDDING_MODEL_NAME", "embedding.model").deprecated("EMBEDDING_MODEL"),
    Variable::new("EMBEDDING_API_KEY", "embedding.api_key"),
    Variable::new("EMBEDDING_DIMENSIONS", "embedding.dimensions"),
    Variable::new("EMBEDDING_BATCH_SIZE", "embedding.batch_size"),
    Variable::new("TOP_K_RESULTS", "retrieval.top_k"),
    Variable::new("MIN_SCORE", "retrieval.min_score"),
    Variable::new("MAX_QUESTIONS", "retrieval.concurrency"),
    Variable::new("MAX_QUESTIONS_WAITING", "retrieval.waiting"),
    Variable::new("TABLE_ANSWERS", "tables.answers"),
    Variable::new("TABLE_MODEL_PLANS", "tables.model_plans"),
    Variable::new("TABLE_MODEL_WAIT", "tables.model_wait").unit("s"),
    Variable::new("MODELS_FILE", "chat.registry"),
    Variable::new("DEFAULT_PROVIDER", "chat.default_provider"),
    Variable::new("DEFAULT_MODEL", "chat.default_model"),
    Variable::new("LLM_MODEL", "chat.default_model").deprecated("DEFAULT_MODEL"),
    Variable::new("AGENT_MODEL_NAME", "chat.default_model").deprecated("DEFAULT_MODEL"),
    Variable::new("PREFER_NVIDIA", "chat.prefer_nvidia"),
    Variable::new("PREFER_OPENAI", "chat.prefer_openai"),
    Variable::new("LLM_TEMPERATURE", "chat.temperature"),
    Variable::new("NVIDIA_API_KEY", "chat.keys.nvidia"),
    Variable::new("OPENAI_API_KEY", "chat.keys.openai"),
    Variable::new("GEMINI_API_KEY", "chat.keys.gemini"),
    Variable::new("GOOGLE_API_KEY", "chat.keys.gemini").deprecated("GEMINI_API_KEY"),
    Variable::new("ANTHROPIC_API_KEY", "chat.keys.anthropic"),
    Variable::new("OLLAMA_BASE_URL", "chat.ollama_url"),
    Variable::new("CACHE_TTL", "cache.ttl").unit("s"),
    Variable::new("REDIS_URL", "cache.redis_url"),
    Variable::new("LOG_LEVEL", "log.level"),
    Variable::new("LOG_FORMAT", "log.format"),
    Variable::new("LOG_DIR", "log.folder"),
    Variable::new("OTEL_EXPORTER_OTLP_ENDPOINT", "log.traces"),
    Variable::new("RAG_LOG_LEVEL", "log.level").deprecated("LOG_LEVEL"),
];

#[cfg(test)]
mod tests {
    use super::VARIABLES;

    #[test]
    fn every_variable_is_explained() {
        let example = include_str!("../../../env.example");
        for variable in VARIABLES {
            let explained = example.lines().any(|line| {
                let line = line.trim_start_matches('#');
                line.strip_prefix(variable.name)
                    .is_some_and(|rest| rest.starts_with('='))
            });
            assert!(explained, "{} is not in env.example", variable.name);
        }
    }
}

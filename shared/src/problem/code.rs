use actix_web::http::StatusCode;

/// One row per code: variant, name on the wire, status, title, sentence.
macro_rules! codes {
    ($($(#[$meta:meta])* $variant:ident, $name:literal, $status:ident, $title:literal, $detail:literal;)*) => {
        /// Every code a problem can carry. Clients switch on [`Code::name`]; statuses and texts
        /// follow from this one table, so no handler chooses a status by hand.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Code {
            $($(#[$meta])* #[doc = concat!("`", $name, "`: ", $title, ".")] $variant,)*
        }

        impl Code {
            /// Every code, in the order of the table.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The stable snake-case name on the wire.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The HTTP status that goes with it.
            pub const fn status(self) -> StatusCode {
                match self { $(Self::$variant => StatusCode::$status,)* }
            }

            /// The short title, in Portuguese, the same for every occurrence (RFC 9457, 3.1.3).
            pub const fn title(self) -> &'static str {
                match self { $(Self::$variant => $title,)* }
            }

            /// The sentence shown to people when the error has nothing more exact to say.
            pub const fn detail(self) -> &'static str {
                match self { $(Self::$variant => $detail,)* }
            }

            /// The code of that name, if there is one.
            pub fn from_name(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

codes! {
    InvalidRequest, "invalid_request", BAD_REQUEST, "Requisição inválida",
        "A requisição não pôde ser lida.";
    UnknownField, "unknown_field", UNPROCESSABLE_ENTITY, "Campo desconhecido",
        "A requisição traz um campo que não existe.";
    Unprocessable, "unprocessable", UNPROCESSABLE_ENTITY, "Dados inválidos",
        "Há campos com valores que não podem ser aceitos.";
    ConfirmationRequired, "confirmation_required", UNPROCESSABLE_ENTITY, "Confirmação necessária",
        "Esta operação não pode ser desfeita: envie \"confirm\": true para confirmar.";
    Unauthorized, "unauthorized", UNAUTHORIZED, "Não autenticado",
        "É preciso apresentar uma credencial válida.";
    Forbidden, "forbidden", FORBIDDEN, "Acesso negado",
        "Você não tem permissão para isto.";
    NotFound, "not_found", NOT_FOUND, "Não encontrado",
        "O endereço pedido não existe.";
    MaterialNotFound, "material_not_found", NOT_FOUND, "Material não encontrado",
        "Este material não existe ou já foi removido.";
    JobNotFound, "job_not_found", NOT_FOUND, "Tarefa não encontrada",
        "Esta tarefa não existe.";
    UserNotFound, "user_not_found", NOT_FOUND, "Usuário não encontrado",
        "Este usuário não existe.";
    ConversationNotFound, "conversation_not_found", NOT_FOUND, "Conversa não encontrada",
        "Esta conversa não existe.";
    MethodNotAllowed, "method_not_allowed", METHOD_NOT_ALLOWED, "Método não permitido",
        "Este endereço não aceita o método usado.";
    NotAcceptable, "not_acceptable", NOT_ACCEPTABLE, "Formato de resposta indisponível",
        "Não há resposta no formato pedido.";
    RequestTimeout, "request_timeout", REQUEST_TIMEOUT, "Envio demorado demais",
        "A requisição demorou demais para chegar.";
    Conflict, "conflict", CONFLICT, "Conflito",
        "O pedido contraria o estado atual; atualize e tente de novo.";
    JobFinished, "job_finished", CONFLICT, "Tarefa já encerrada",
        "Esta tarefa já terminou e não pode ser cancelada.";
    IndexLocked, "index_locked", CONFLICT, "Índice em uso",
        "O índice está em uso por outro processo.";
    NotConfigured, "not_configured", CONFLICT, "Recurso não configurado",
        "Este recurso ainda não foi configurado neste servidor.";
    Gone, "gone", GONE, "Não existe mais",
        "O que foi pedido existiu, mas não existe mais.";
    PayloadTooLarge, "payload_too_large", PAYLOAD_TOO_LARGE, "Conteúdo grande demais",
        "O conteúdo enviado passa do tamanho permitido.";
    UriTooLong, "uri_too_long", URI_TOO_LONG, "Endereço longo demais",
        "O endereço pedido é longo demais.";
    UnsupportedMediaType, "unsupported_media_type", UNSUPPORTED_MEDIA_TYPE, "Formato de envio não aceito",
        "O corpo da requisição não está em um formato aceito; envie JSON com Content-Type: application/json.";
    UnsupportedType, "unsupported_type", UNSUPPORTED_MEDIA_TYPE, "Tipo de arquivo não aceito",
        "Este tipo de arquivo não pode ser lido.";
    ExpectationFailed, "expectation_failed", EXPECTATION_FAILED, "Expectativa não atendida",
        "O servidor não atende ao que a requisição exige.";
    MisdirectedRequest, "misdirected_request", MISDIRECTED_REQUEST, "Requisição para outro servidor",
        "Este servidor não responde pelo endereço usado.";
    RateLimited, "rate_limited", TOO_MANY_REQUESTS, "Muitas requisições",
        "Foram feitas requisições demais em pouco tempo; aguarde um momento.";
    Internal, "internal", INTERNAL_SERVER_ERROR, "Erro interno",
        "Ocorreu um erro interno. Tente de novo; se continuar, informe o número da requisição.";
    NotImplemented, "not_implemented", NOT_IMPLEMENTED, "Não disponível",
        "Este servidor não oferece o que foi pedido.";
    ProviderFailed, "provider_failed", BAD_GATEWAY, "Falha de um serviço externo",
        "Um serviço externo respondeu de forma inesperada.";
    Overloaded, "overloaded", SERVICE_UNAVAILABLE, "Servidor ocupado",
        "O servidor está ocupado; tente de novo em instantes.";
    NotReady, "not_ready", SERVICE_UNAVAILABLE, "Servidor iniciando",
        "O servidor ainda não está pronto; tente de novo em instantes.";
    Closed, "closed", SERVICE_UNAVAILABLE, "Fora do horário",
        "O atendimento está fechado neste horário.";
    ShuttingDown, "shutting_down", SERVICE_UNAVAILABLE, "Servidor encerrando",
        "O servidor está sendo reiniciado; tente de novo em instantes.";
    ProviderUnavailable, "provider_unavailable", SERVICE_UNAVAILABLE, "Serviço externo indisponível",
        "Um serviço de que a resposta depende não está disponível; tente de novo em instantes.";
    Timeout, "timeout", GATEWAY_TIMEOUT, "Tempo esgotado",
        "A operação demorou demais e foi interrompida; tente de novo.";
    StorageFull, "storage_full", INSUFFICIENT_STORAGE, "Sem espaço",
        "Não há espaço para guardar o conteúdo; nada foi gravado.";
}

impl Code {
    /// The `type` of RFC 9457: a relative reference that names the code.
    pub fn type_uri(self) -> String {
        format!("/problems/{}", self.name())
    }

    /// The code for a bare status, such as those the web framework makes itself.
    pub fn from_status(status: StatusCode) -> Self {
        match status.as_u16() {
            401 => Self::Unauthorized,
            403 => Self::Forbidden,
            404 => Self::NotFound,
            405 => Self::MethodNotAllowed,
            406 => Self::NotAcceptable,
            408 => Self::RequestTimeout,
            409 | 412 => Self::Conflict,
            410 => Self::Gone,
            413 => Self::PayloadTooLarge,
            414 => Self::UriTooLong,
            415 => Self::UnsupportedMediaType,
            417 => Self::ExpectationFailed,
            421 => Self::MisdirectedRequest,
            422 => Self::Unprocessable,
            429 => Self::RateLimited,
            501 => Self::NotImplemented,
            502 => Self::ProviderFailed,
            503 => Self::Overloaded,
            504 => Self::Timeout,
            507 => Self::StorageFull,
            400..=499 => Self::InvalidRequest,
            _ => Self::Internal,
        }
    }

    /// Whether a client should be told how long to wait (`Retry-After`).
    pub(crate) fn asks_to_wait(self) -> bool {
        matches!(self.status().as_u16(), 429 | 503 | 504)
    }
}

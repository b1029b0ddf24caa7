//! The sentences for whoever asks for English first. Every code has one; what a feature says more exactly is said in
//! Portuguese only, so that English gets the code's sentence, and the fields' codes in words.

use super::{Code, FieldError};

/// Title and sentence of a code.
pub(super) fn texts(code: Code) -> (&'static str, &'static str) {
    match code {
        Code::InvalidRequest => ("Bad request", "The request could not be read."),
        Code::UnknownField => (
            "Unknown field",
            "The request has a field that does not exist.",
        ),
        Code::Unprocessable => (
            "Invalid data",
            "Some fields hold values that cannot be accepted.",
        ),
        Code::ConfirmationRequired => (
            "Confirmation required",
            "This cannot be undone: send \"confirm\": true to confirm.",
        ),
        Code::Unauthorized => ("Not signed in", "A valid credential is needed."),
        Code::Forbidden => ("Access denied", "You may not do this."),
        Code::NotFound => ("Not found", "This address does not exist."),
        Code::MaterialNotFound => (
            "Material not found",
            "This material does not exist, or was removed.",
        ),
        Code::JobNotFound => ("Job not found", "This job does not exist."),
        Code::UserNotFound => ("User not found", "This user does not exist."),
        Code::ConversationNotFound => (
            "Conversation not found",
            "This conversation does not exist.",
        ),
        Code::MethodNotAllowed => (
            "Method not allowed",
            "This address does not take the method used.",
        ),
        Code::NotAcceptable => (
            "No such response format",
            "There is no answer in the format asked for.",
        ),
        Code::RequestTimeout => (
            "Request took too long",
            "The request took too long to arrive.",
        ),
        Code::Conflict => (
            "Conflict",
            "The request contradicts the current state; reload and try again.",
        ),
        Code::JobFinished => (
            "Job has ended",
            "This job has ended and cannot be cancelled.",
        ),
        Code::IndexLocked => ("Index in use", "The index is in use by another process."),
        Code::NotConfigured => (
            "Not configured",
            "This has not been set up on this server yet.",
        ),
        Code::Gone => ("Gone", "What was asked for existed once, and does no more."),
        Code::PayloadTooLarge => ("Content too large", "The content is larger than allowed."),
        Code::RangeNotSatisfiable => ("No such part", "The file ends before the part asked for."),
        Code::UriTooLong => ("Address too long", "The address is too long."),
        Code::UnsupportedMediaType => (
            "Format not accepted",
            "The body is in a format that is not accepted; send JSON with Content-Type: application/json.",
        ),
        Code::UnsupportedType => (
            "File type not accepted",
            "This type of file cannot be read.",
        ),
        Code::ExpectationFailed => (
            "Expectation failed",
            "The server cannot do what the request demands.",
        ),
        Code::MisdirectedRequest => (
            "Wrong server",
            "This server does not answer for the address used.",
        ),
        Code::RateLimited => (
            "Too many requests",
            "There were too many requests in a short time; wait a moment.",
        ),
        Code::Internal => (
            "Internal error",
            "Something went wrong inside. Try again; if it goes on, tell us the number of the request.",
        ),
        Code::NotImplemented => (
            "Not available",
            "This server does not offer what was asked for.",
        ),
        Code::ProviderFailed => (
            "External service failed",
            "An external service answered unexpectedly.",
        ),
        Code::Overloaded => ("Server busy", "The server is busy; try again in a moment."),
        Code::NotReady => (
            "Server starting",
            "The server is not ready yet; try again in a moment.",
        ),
        Code::Closed => ("Closed", "The service is closed at this hour."),
        Code::ShuttingDown => (
            "Server stopping",
            "The server is being restarted; try again in a moment.",
        ),
        Code::ProviderUnavailable => (
            "External service unavailable",
            "A service the answer depends on is not available; try again in a moment.",
        ),
        Code::Timeout => (
            "Out of time",
            "It took too long and was stopped; try again.",
        ),
        Code::StorageFull => (
            "Out of space",
            "There is no space for the content; nothing was stored.",
        ),
    }
}

/// A field's fault in words.
pub(super) fn field(error: &FieldError) -> FieldError {
    let detail = match error.code.as_str() {
        "missing_field" => "is required",
        "unknown_field" => "does not exist",
        "duplicate_field" => "appears more than once",
        "wrong_type" => "has the wrong type",
        "out_of_range" => "is out of range",
        _ => "is not accepted",
    };
    FieldError {
        detail: detail.to_owned(),
        ..error.clone()
    }
}

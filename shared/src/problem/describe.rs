//! From what serde says about a request to what a person and a program can use: a pointer, a code
//! and a Portuguese sentence. serde gives its facts only as text, so the text is read here, and
//! here alone.

use serde::de::IgnoredAny;
use serde_path_to_error::{Path, Segment};

use super::{ApiError, Code, FieldError};

/// How many faults the one sentence of `detail` names; all stand in `errors`.
const NAMED_IN_SENTENCE: usize = 3;

/// A JSON body that could not be read into its type.
pub(crate) fn from_json(
    error: &serde_path_to_error::Error<serde_json::Error>,
    body: &[u8],
) -> ApiError {
    let cause = error.inner();
    if cause.is_data() {
        return data_fault(error.path(), &cause.to_string());
    }
    if serde_json::from_slice::<IgnoredAny>(body).is_ok() {
        // Where an enum is wanted and another type comes, serde_json speaks of syntax.
        return data_fault(error.path(), "invalid type: ");
    }
    let detail = format!(
        "O corpo da requisição não é JSON válido (linha {}, coluna {}).",
        cause.line(),
        cause.column()
    );
    ApiError::new(Code::InvalidRequest)
        .with_detail(detail)
        .with_errors(vec![FieldError::new("", "invalid_json", "JSON malformado")])
}

/// Query parameters that could not be read into their type.
pub(crate) fn from_named_values<E: std::fmt::Display>(
    error: &serde_path_to_error::Error<E>,
) -> ApiError {
    data_fault(error.path(), &error.inner().to_string())
}

fn data_fault(path: &Path, message: &str) -> ApiError {
    let fault = Fault::read(message);
    let pointer = pointer(path, fault.below.as_deref());
    let error = FieldError::new(pointer, fault.code, fault.detail);
    let code = if fault.code == "unknown_field" {
        Code::UnknownField
    } else {
        Code::Unprocessable
    };
    let detail = sentence(std::slice::from_ref(&error)).unwrap_or_else(|| code.detail().to_owned());
    ApiError::new(code)
        .with_detail(detail)
        .with_errors(vec![error])
}

/// One sentence for all faults: `config.top_k: deve estar entre 1 e 100.`
pub(crate) fn sentence(errors: &[FieldError]) -> Option<String> {
    let mut parts: Vec<String> = errors
        .iter()
        .take(NAMED_IN_SENTENCE)
        .map(|error| match readable(&error.pointer) {
            Some(name) => format!("{name}: {}", error.detail),
            None => error.detail.clone(),
        })
        .collect();
    if parts.is_empty() {
        return None;
    }
    if let Some(more) = errors
        .len()
        .checked_sub(NAMED_IN_SENTENCE)
        .filter(|more| *more > 0)
    {
        parts.push(format!("e mais {more}"));
    }
    let mut text = parts.join("; ");
    if !text.ends_with('.') {
        text.push('.');
    }
    Some(text)
}

/// `/config/top_k` as a person reads it: `config.top_k`.
fn readable(pointer: &str) -> Option<String> {
    let path = pointer.strip_prefix('/')?;
    Some(
        path.split('/')
            .map(|part| part.replace("~1", "/").replace("~0", "~"))
            .collect::<Vec<_>>()
            .join("."),
    )
}

/// The path as a JSON Pointer (RFC 6901), and below it the field the message names.
fn pointer(path: &Path, below: Option<&str>) -> String {
    let mut pointer = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => push(&mut pointer, &index.to_string()),
            Segment::Map { key } => push(&mut pointer, key),
            // The variant of an enum is no step in the document.
            Segment::Enum { .. } | Segment::Unknown => {}
        }
    }
    if let Some(name) = below {
        push(&mut pointer, name);
    }
    pointer
}

fn push(pointer: &mut String, part: &str) {
    pointer.push('/');
    pointer.push_str(&part.replace('~', "~0").replace('/', "~1"));
}

struct Fault {
    code: &'static str,
    detail: String,
    /// The field it is about, where the path ends at the parent.
    below: Option<String>,
}

impl Fault {
    /// Reads one of the messages of `serde::de::Error`'s constructors; anything else came from a
    /// type of our own and is an invalid value.
    fn read(message: &str) -> Self {
        let of = |code, detail: &str| Self {
            code,
            detail: detail.to_owned(),
            below: None,
        };
        let named = |rest| quoted(rest).into_iter().next();
        if message.starts_with("unknown field ") {
            return of("unknown_field", "campo desconhecido");
        }
        if let Some(rest) = message.strip_prefix("duplicate field ") {
            let below = named(rest);
            return Self {
                below,
                ..of("duplicate_field", "campo repetido")
            };
        }
        if let Some(rest) = message.strip_prefix("missing field ") {
            let below = named(rest);
            return Self {
                below,
                ..of("missing_field", "campo obrigatório")
            };
        }
        if let Some(rest) = message.strip_prefix("unknown variant ") {
            let allowed: Vec<String> = quoted(rest).into_iter().skip(1).collect();
            return of(
                "unknown_value",
                &format!(
                    "valor não reconhecido; use um destes: {}",
                    allowed.join(", ")
                ),
            );
        }
        if message.starts_with("invalid type: ") || message.starts_with("invalid digit") {
            return of("wrong_type", expected(message));
        }
        if message.starts_with("invalid value: ") {
            return of("out_of_range", "valor fora do que é permitido");
        }
        if message.starts_with("invalid length ") {
            return of("wrong_length", "quantidade de itens inválida");
        }
        of("invalid_value", "valor inválido")
    }
}

/// The parts between backticks.
fn quoted(text: &str) -> Vec<String> {
    text.split('`')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect()
}

/// What was expected instead, said in Portuguese.
fn expected(message: &str) -> &'static str {
    let wanted = message
        .rsplit_once("expected ")
        .map_or("", |(_, wanted)| wanted);
    let wanted = wanted.split(" at line").next().unwrap_or(wanted).trim();
    match wanted {
        "u8" | "u16" | "u32" | "u64" | "usize" => "deve ser um número inteiro não negativo",
        "i8" | "i16" | "i32" | "i64" | "isize" => "deve ser um número inteiro",
        "f32" | "f64" => "deve ser um número",
        "a boolean" => "deve ser verdadeiro ou falso",
        "a string" | "a borrowed string" | "a character" => "deve ser um texto",
        "a sequence" => "deve ser uma lista",
        "a map" => "deve ser um objeto",
        other if other.starts_with("struct ") => "deve ser um objeto",
        _ => "tipo de valor inválido",
    }
}

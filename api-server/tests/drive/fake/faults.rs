//! What goes wrong on demand.

use std::time::Duration;

/// A kind of request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Call {
    List,
    Get,
    Download,
    Export,
    ExportLink,
    StartPageToken,
    Changes,
    Drives,
    About,
    Permissions,
    Create,
    Update,
    Delete,
    Token,
    Authorize,
    Revoke,
    Unknown,
}

/// What happens instead.
#[derive(Debug, Clone)]
pub(crate) enum Act {
    /// This status with this reason, in the form of Google's errors.
    Refuse {
        status: u16,
        reason: &'static str,
        retry_after: Option<u64>,
    },
    /// `{"error": …}` of the token endpoint.
    RefuseToken(&'static str),
    /// The connection breaks after so many bytes of the body.
    Cut(u64),
    /// One bit of the body is another.
    Spoil,
    /// 200 with another body than asked for.
    Instead {
        content_type: &'static str,
        body: &'static str,
    },
    /// The first page for ever.
    Loop,
    /// No files, no further page, no error.
    Nothing,
    /// `incompleteSearch: true`.
    Incomplete,
    /// So many bytes of the body at a time, with a pause.
    Drip { bytes: usize, pause: Duration },
    /// Late.
    Wait(Duration),
    /// The connection breaks without an answer.
    HangUp,
    /// A `Range` is not looked at.
    WholeBody,
}

/// A fault that waits for its request.
#[derive(Debug, Clone)]
pub(crate) struct Fault {
    pub(crate) on: Call,
    /// Stands in the path or the query; an empty text stands in all.
    pub(crate) about: String,
    /// Requests that go well before.
    pub(crate) after: usize,
    pub(crate) times: usize,
    pub(crate) act: Act,
}

impl Fault {
    /// The next request of this kind.
    pub(crate) fn once(on: Call, act: Act) -> Self {
        Self {
            on,
            about: String::new(),
            after: 0,
            times: 1,
            act,
        }
    }

    pub(crate) fn always(on: Call, act: Act) -> Self {
        Self {
            times: usize::MAX,
            ..Self::once(on, act)
        }
    }

    pub(crate) fn about(mut self, id: &str) -> Self {
        id.clone_into(&mut self.about);
        self
    }

    pub(crate) fn after(mut self, requests: usize) -> Self {
        self.after = requests;
        self
    }

    pub(crate) fn times(mut self, times: usize) -> Self {
        self.times = times;
        self
    }
}

/// Refused with a reason of Drive's, which says the status.
pub(crate) fn refuse(reason: &'static str) -> Act {
    let status = match reason {
        "backendError" | "internalError" => 500,
        "transientError" => 503,
        "authError" => 401,
        "notFound" => 404,
        "invalid" => 400,
        "tooManyRequests" => 429,
        // Usage limits are 403 in this interface.
        _ => 403,
    };
    let reason = if status == 429 {
        "rateLimitExceeded"
    } else {
        reason
    };
    Act::Refuse {
        status,
        reason,
        retry_after: None,
    }
}

/// Takes the fault that this request meets, if any.
pub(crate) fn meet(faults: &mut Vec<Fault>, on: Call, request: &str) -> Option<Act> {
    let at = faults
        .iter()
        .position(|fault| fault.on == on && fault.times > 0 && request.contains(&fault.about))?;
    let fault = &mut faults[at];
    if fault.after > 0 {
        fault.after -= 1;
        return None;
    }
    fault.times -= 1;
    let act = fault.act.clone();
    if fault.times == 0 {
        faults.remove(at);
    }
    Some(act)
}

//! Doing what is due.

use std::sync::Arc;
use std::time::Duration;

use shared::db::DbError;
use shared::problem::ApiError;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tracing::{instrument, warn};

use super::Planned;
use super::model::{Kind, zone_of};
use super::store::{self, Ended, PlannedRow};
use crate::chat::{Answered, Asked, Level, Style};
use crate::notices::{self, Channel, Recipient};
use crate::schedules::Timing;
use crate::waits::later;

/// Questions that are asked at a time.
const AT_ONCE: usize = 4;
/// How often somebody looks for what has come due meanwhile.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// Nothing more is begun after so long: the rest is for the next run, a minute later.
const BEGINS_FOR: Duration = Duration::from_secs(150);
/// Added to the longest wait for an answer: a claim that is older is nobody's.
const GRACE: Duration = Duration::from_secs(60);
/// Tries of one question.
const ATTEMPTS: i64 = 3;
/// Wait before the second try; five times as long before the third.
const RETRY: Duration = Duration::from_secs(60);
/// Longest wait for what says when it is there again, such as opening hours.
const LONGEST: Duration = Duration::from_hours(24);
/// Characters of a subject that come from the question.
const SUBJECT_CHARS: usize = 60;

/// How one try went.
enum Try {
    /// Asked and answered, or sent.
    Done(Option<Box<Answered>>, Option<String>),
    /// It is tried again.
    Later(String, Duration, Option<String>),
    /// It is not.
    Failed(String, Option<String>),
}

/// How many of what was due went well, how many did not, how many are tried again.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Counted {
    pub(crate) done: usize,
    pub(crate) failed: usize,
    pub(crate) later: usize,
}

impl Planned {
    /// Does everything that is due.
    pub(crate) async fn work(self: &Arc<Self>) -> Result<Counted, DbError> {
        let begun = Instant::now();
        let mut tasks: JoinSet<Result<Try, DbError>> = JoinSet::new();
        let mut counted = Counted::default();
        loop {
            while tasks.len() < AT_ONCE && begun.elapsed() < BEGINS_FOR {
                let claim = uuid::Uuid::now_v7().to_string();
                let now = self.clock.now_ms();
                let until = later(now, self.chat.patience().saturating_add(GRACE));
                let Some(row) = store::claim(&self.db, now, &claim, until).await? else {
                    break;
                };
                let planned = Arc::clone(self);
                tasks.spawn(async move { planned.carry_out(&row, &claim).await });
            }
            if tasks.is_empty() {
                return Ok(counted);
            }
            tokio::select! {
                Some(ended) = tasks.join_next() => {
                    let count = match ended {
                        Ok(Ok(Try::Done(..))) => &mut counted.done,
                        Ok(Ok(Try::Failed(..))) => &mut counted.failed,
                        Ok(Ok(Try::Later(..))) => &mut counted.later,
                        Ok(Err(error)) => return Err(error),
                        Err(error) => {
                            warn!(%error, "something planned broke off: {error}");
                            &mut counted.later
                        }
                    };
                    *count = count.saturating_add(1);
                }
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
        }
    }

    #[instrument(name = "planned", skip_all, fields(planned.id = %row.id))]
    async fn carry_out(&self, row: &PlannedRow, claim: &str) -> Result<Try, DbError> {
        let account = self.users.by_uid(&row.uid).await?;
        let tried = match account.filter(|account| !account.disabled && account.approved) {
            None => Try::Failed("A conta está desativada.".to_owned(), None),
            Some(account) if Kind::parse(&row.kind) == Kind::Message && account.email.is_none() => {
                Try::Failed("A conta não tem e-mail.".to_owned(), None)
            }
            Some(account) => {
                let tried = match Kind::parse(&row.kind) {
                    Kind::Message => Try::Done(None, None),
                    Kind::Question => self.ask(row, claim).await?,
                };
                let mail = account
                    .email
                    .and_then(|address| Some((address, letter(row, &tried)?)));
                return self.note(row, claim, tried, mail).await;
            }
        };
        self.note(row, claim, tried, None).await
    }

    /// Asks a question, unless its answer was kept already.
    async fn ask(&self, row: &PlannedRow, claim: &str) -> Result<Try, DbError> {
        let mut conversation_id = row.conversation_id.clone();
        if let Some(question) = &row.question_id
            && let Some(kept) = self.chat.kept_question(&row.uid, question).await?
        {
            if kept.answered {
                return Ok(Try::Done(None, Some(kept.conversation_id)));
            }
            self.chat.withdraw(&row.uid, question).await?;
            conversation_id = Some(kept.conversation_id);
        }
        let question = uuid::Uuid::now_v7().to_string();
        if !store::asks(&self.db, &row.id, claim, &question).await? {
            return Ok(Try::Failed("removed meanwhile".to_owned(), None));
        }
        let asked = Asked {
            text: row.text.clone(),
            field: "content",
            level: row.level.as_deref().map(Level::parse),
            style: row.style.as_deref().map(Style::parse),
            conversation_id,
            question_id: Some(question.clone()),
            ..Asked::default()
        };
        let error = match self.chat.ask(&row.uid, &asked).await {
            Ok(answered) => {
                let conversation = answered.details.conversation_id.clone();
                return Ok(Try::Done(Some(Box::new(answered)), Some(conversation)));
            }
            Err(error) => error,
        };
        let kept = self.chat.kept_question(&row.uid, &question).await?;
        let conversation = kept.map(|kept| kept.conversation_id);
        let detail = error.problem().detail;
        Ok(match wait(&error, row.attempts) {
            Some(wait) => Try::Later(detail, wait, conversation),
            None => Try::Failed(detail, conversation),
        })
    }

    /// Writes down how it went, with the mail that tells of it.
    async fn note(
        &self,
        row: &PlannedRow,
        claim: &str,
        tried: Try,
        mail: Option<(String, (String, String))>,
    ) -> Result<Try, DbError> {
        let now = self.clock.now_ms();
        let (outcome, detail, conversation) = match &tried {
            Try::Later(detail, wait, conversation) => {
                let until = later(now, *wait);
                let key = (row.id.as_str(), claim);
                store::delay(&self.db, key, until, conversation.as_deref(), detail).await?;
                return Ok(tried);
            }
            Try::Done(_, conversation) => ("done", None, conversation),
            Try::Failed(detail, conversation) => ("failed", Some(detail.as_str()), conversation),
        };
        let planned_at = row.next_at.unwrap_or(now);
        let ended = Ended {
            id: &row.id,
            claim,
            planned_at,
            conversation_id: conversation.as_deref(),
            next_at: next(row, now),
            now,
            outcome,
            detail,
        };
        let mut tx = self.db.begin_write().await?;
        // A message is sent by whoever holds the claim when it is written down, and by nobody else.
        if store::end(&mut tx, &ended).await?
            && let Some((address, (subject, body))) = mail
        {
            let to = [Recipient {
                channel: Channel::Email,
                address,
            }];
            notices::enqueue(&mut tx, &to, &subject, &body, now).await?;
        }
        tx.commit().await?;
        Ok(tried)
    }
}

/// When it is due again; what was missed meanwhile was made up by this time.
fn next(row: &PlannedRow, now: i64) -> Option<i64> {
    let cron = row.cron.as_deref()?;
    let zone = zone_of(&row.time_zone).ok()?;
    Timing::parse(cron, zone, now).ok()?.next(now)
}

/// How long to wait before the next try; nothing where that is of no use.
fn wait(error: &ApiError, attempts: i64) -> Option<Duration> {
    let may_pass = error.status().is_server_error() || matches!(error.status().as_u16(), 408 | 429);
    if !may_pass || attempts >= ATTEMPTS {
        return None;
    }
    let own = if attempts <= 1 {
        RETRY
    } else {
        RETRY.saturating_mul(5)
    };
    Some(error.retry_after().unwrap_or(own).max(own).min(LONGEST))
}

/// The mail that tells of it: the message, or the answer where that is wanted.
fn letter(row: &PlannedRow, tried: &Try) -> Option<(String, String)> {
    let Try::Done(answered, _) = tried else {
        return None;
    };
    let line = row.text.lines().next().unwrap_or_default().trim();
    let mut short: String = line.chars().take(SUBJECT_CHARS).collect();
    if line.chars().count() > SUBJECT_CHARS {
        short.push('…');
    }
    match (Kind::parse(&row.kind), answered) {
        (Kind::Message, _) => Some((short, row.text.clone())),
        (Kind::Question, Some(answered)) if row.by_mail => Some((
            format!("Resposta: {short}"),
            format!("{}\n\n{}", row.text, answered.text),
        )),
        (Kind::Question, _) => None,
    }
}

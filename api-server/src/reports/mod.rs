//! What staff hear of the days: the daily report, what was left to follow up, how conversations went.

pub(crate) mod store;

use std::sync::Arc;

use chrono::{DateTime, Days, NaiveTime, Utc};
use chrono_tz::Tz;
use shared::clock::Clock;
use shared::db::{Db, DbError};

use crate::alerts::{AlertError, Alerts};
use crate::improvement;
use crate::schedules::moment;
use crate::site::SiteService;
use crate::usage::dollars;
use store::{Cited, Open};

/// Materials named in a report.
const MOST_CITED: usize = 10;
/// Questions named in a report or a letter.
const MOST_QUESTIONS: i64 = 20;
/// Characters of a question that are shown.
const QUESTION_CHARS: usize = 200;
/// A conversation that was silent for so long has ended.
const ENDED_MS: i64 = 3_600_000;

/// Writes reports.
#[derive(Debug)]
pub(crate) struct Reports {
    pub(crate) db: Db,
    pub(crate) alerts: Arc<Alerts>,
    pub(crate) site: Arc<SiteService>,
    pub(crate) clock: Arc<dyn Clock>,
}

/// A day of the course's time zone, in Unix milliseconds: from its first up to the first of the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Day {
    from: i64,
    to: i64,
    date: chrono::NaiveDate,
}

impl Reports {
    /// Sends the report of the day before; what it did.
    pub(crate) async fn daily(&self) -> Result<String, AlertError> {
        if !self.alerts.settings().await?.daily_report {
            return Ok("o relatório diário está desligado".to_owned());
        }
        let day = self.yesterday().await?;
        let text = self.write(day).await?;
        let subject = format!("Relatório de {}", day.date.format("%d/%m/%Y"));
        let count = self.alerts.tell(&subject, &text).await?;
        Ok(format!("relatório para {count} destinatários"))
    }

    async fn write(&self, day: Day) -> Result<String, DbError> {
        let day_name = day.date.to_string();
        let usage = store::usage(&self.db, &day_name).await?;
        let (found, not_found) = store::answers(&self.db, day.from, day.to).await?;
        let (up, down) = store::ratings(&self.db, day.from, day.to).await?;
        let open = store::open(&self.db, day.from, day.to, MOST_QUESTIONS).await?;
        let cited = most_cited(store::sources(&self.db, day.from, day.to).await?);
        let states = crate::numbers::store::materials(&self.db).await?;
        let mut text = format!(
            "Relatório do dia {}\n\nPerguntas: {} de {} pessoas\nRespondidas com o material: {found}\n\
             Sem resposta no material: {not_found}\nAvaliações: {up} positivas, {down} negativas\n\
             Tokens: {} lidos, {} escritos\nCusto: US$ {:.4}\n",
            day.date.format("%d/%m/%Y"),
            usage.questions,
            usage.people,
            usage.prompt_tokens,
            usage.completion_tokens,
            dollars(usage.cost_nanos),
        );
        text.push_str("\nMateriais por estado: ");
        if states.is_empty() {
            text.push_str("nenhum material");
        }
        let states: Vec<String> = states
            .iter()
            .map(|(state, count)| format!("{state} {count}"))
            .collect();
        text.push_str(&states.join(", "));
        text.push('\n');
        list(
            &mut text,
            "Melhoria semanal",
            improvement::store::between(&self.db, day.from, day.to)
                .await?
                .into_iter(),
        );
        list(
            &mut text,
            "Materiais mais usados",
            cited
                .iter()
                .map(|(title, count)| format!("{title} ({count})")),
        );
        list(
            &mut text,
            "Perguntas sem resposta",
            open.iter().map(|question| shown(&question.text)),
        );
        Ok(text)
    }

    /// Sends staff what was not answered, or badly, on the day before; what it did.
    pub(crate) async fn follow_up(&self) -> Result<String, AlertError> {
        if !self.alerts.settings().await?.follow_up {
            return Ok("o acompanhamento está desligado".to_owned());
        }
        let day = self.yesterday().await?;
        let open = store::open(&self.db, day.from, day.to, MOST_QUESTIONS).await?;
        let disliked = store::disliked(&self.db, day.from, day.to, MOST_QUESTIONS).await?;
        if open.is_empty() && disliked.is_empty() {
            return Ok("nada a acompanhar".to_owned());
        }
        let mut text = format!(
            "O que ficou em aberto em {}. Um material novo, ou uma conversa em aula, pode ajudar.\n",
            day.date.format("%d/%m/%Y")
        );
        let line = |open: &Open| shown(&open.text);
        list(
            &mut text,
            "Perguntas sem resposta no material",
            open.iter().map(line),
        );
        list(
            &mut text,
            "Respostas avaliadas como ruins",
            disliked.iter().map(|answer| match &answer.reason {
                Some(reason) => format!("{} (motivo: {})", shown(&answer.text), shown(reason)),
                None => shown(&answer.text),
            }),
        );
        let count = self.alerts.tell_staff("Para acompanhar", &text).await?;
        let open = open.len().saturating_add(disliked.len());
        Ok(format!("{open} questões para {count} pessoas"))
    }

    /// Judges conversations that have ended since they were judged last; how many.
    pub(crate) async fn judge_conversations(&self) -> Result<u64, DbError> {
        let now = self.clock.now_ms();
        store::judge(&self.db, now, now.saturating_sub(ENDED_MS)).await
    }

    async fn yesterday(&self) -> Result<Day, DbError> {
        let zone = self.site.current().await?.time_zone;
        let now = DateTime::<Utc>::from_timestamp_millis(self.clock.now_ms());
        let today = now
            .unwrap_or(DateTime::UNIX_EPOCH)
            .with_timezone(&zone)
            .date_naive();
        let date = today.checked_sub_days(Days::new(1)).unwrap_or(today);
        Ok(Day {
            from: midnight(zone, date),
            to: midnight(zone, today),
            date,
        })
    }
}

/// The first moment of a day; where the clock leaps over midnight, the first after the leap.
fn midnight(zone: Tz, date: chrono::NaiveDate) -> i64 {
    moment(zone, date.and_time(NaiveTime::MIN)).unwrap_or(0)
}

/// How often each material was cited, the most cited first.
fn most_cited(answers: Vec<Cited>) -> Vec<(String, usize)> {
    let mut counts = std::collections::BTreeMap::<String, usize>::new();
    for answer in answers {
        let Ok(details) = serde_json::from_str::<serde_json::Value>(&answer.details) else {
            continue;
        };
        let mut titles: Vec<&str> = details["sources"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|source| source["title"].as_str())
            .collect();
        titles.sort_unstable();
        titles.dedup();
        for title in titles {
            let count = counts.entry(title.to_owned()).or_default();
            *count = count.saturating_add(1);
        }
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by(|one, other| other.1.cmp(&one.1).then_with(|| one.0.cmp(&other.0)));
    counts.truncate(MOST_CITED);
    counts
}

fn list(text: &mut String, title: &str, lines: impl Iterator<Item = String>) {
    let mut lines = lines.peekable();
    if lines.peek().is_none() {
        return;
    }
    text.push_str(&format!("\n{title}:\n"));
    for line in lines {
        text.push_str(&format!("- {line}\n"));
    }
}

/// One line of what somebody wrote.
fn shown(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= QUESTION_CHARS {
        return line;
    }
    let mut cut: String = line.chars().take(QUESTION_CHARS).collect();
    cut.push('…');
    cut
}

//! The search terms of `files.list`: what of the language is used by programs that mirror folders, parsed and not guessed.
//!
//! <https://developers.google.com/workspace/drive/api/guides/ref-search-terms>

use super::world::{File, World};

/// A condition.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Term {
    And(Box<Term>, Box<Term>),
    Or(Box<Term>, Box<Term>),
    Not(Box<Term>),
    InParents(String),
    Owner(String),
    Text {
        field: Field,
        operator: Operator,
        value: String,
    },
    Trashed(bool),
    SharedWithMe(bool),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Field {
    Name,
    Mime,
    Modified,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operator {
    Is,
    IsNot,
    Contains,
    Below,
    AtMost,
    Above,
    AtLeast,
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Word(String),
    Text(String),
    Sign(String),
}

/// Reads a query; `None` where Drive says `Invalid Value`.
pub(crate) fn parse(text: &str) -> Option<Term> {
    let tokens = tokens(text)?;
    let mut parser = Parser { tokens, at: 0 };
    let term = parser.any()?;
    (parser.at == parser.tokens.len()).then_some(term)
}

fn tokens(text: &str) -> Option<Vec<Token>> {
    let mut chars = text.chars().peekable();
    let mut tokens = Vec::new();
    while let Some(&next) = chars.peek() {
        if next.is_whitespace() {
            chars.next();
        } else if next == '\'' || next == '"' {
            chars.next();
            let mut value = String::new();
            loop {
                match chars.next()? {
                    '\\' => value.push(chars.next()?),
                    end if end == next => break,
                    other => value.push(other),
                }
            }
            tokens.push(Token::Text(value));
        } else if next.is_alphanumeric() {
            let mut word = String::new();
            while let Some(part) = chars.next_if(|part| part.is_alphanumeric()) {
                word.push(part);
            }
            tokens.push(Token::Word(word));
        } else {
            let mut sign = chars.next()?.to_string();
            if matches!(next, '!' | '<' | '>') && chars.peek() == Some(&'=') {
                sign.push(chars.next()?);
            }
            tokens.push(Token::Sign(sign));
        }
    }
    Some(tokens)
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
}

impl Parser {
    fn word(&mut self, wanted: &str) -> bool {
        let is = matches!(self.tokens.get(self.at), Some(Token::Word(word)) if word.eq_ignore_ascii_case(wanted));
        self.at += usize::from(is);
        is
    }

    fn sign(&mut self, wanted: &str) -> bool {
        let is = matches!(self.tokens.get(self.at), Some(Token::Sign(sign)) if sign == wanted);
        self.at += usize::from(is);
        is
    }

    fn next(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        token
    }

    fn any(&mut self) -> Option<Term> {
        let mut term = self.all()?;
        while self.word("or") {
            term = Term::Or(Box::new(term), Box::new(self.all()?));
        }
        Some(term)
    }

    fn all(&mut self) -> Option<Term> {
        let mut term = self.one()?;
        while self.word("and") {
            term = Term::And(Box::new(term), Box::new(self.one()?));
        }
        Some(term)
    }

    fn one(&mut self) -> Option<Term> {
        if self.word("not") {
            return Some(Term::Not(Box::new(self.one()?)));
        }
        if self.sign("(") {
            let term = self.any()?;
            return self.sign(")").then_some(term);
        }
        match self.next()? {
            Token::Text(value) => {
                if !self.word("in") {
                    return None;
                }
                if self.word("parents") {
                    Some(Term::InParents(value))
                } else if self.word("owners") {
                    Some(Term::Owner(value))
                } else {
                    None
                }
            }
            Token::Word(word) => self.comparison(&word),
            Token::Sign(_) => None,
        }
    }

    fn comparison(&mut self, field: &str) -> Option<Term> {
        let truth = match field {
            "trashed" => Some(Term::Trashed as fn(bool) -> Term),
            "sharedWithMe" => Some(Term::SharedWithMe as fn(bool) -> Term),
            _ => None,
        };
        if let Some(term) = truth {
            let same = if self.sign("=") {
                true
            } else if self.sign("!=") {
                false
            } else {
                return (field == "sharedWithMe").then(|| term(true));
            };
            return match self.next()? {
                Token::Word(word) if word == "true" => Some(term(same)),
                Token::Word(word) if word == "false" => Some(term(!same)),
                _ => None,
            };
        }
        let field = match field {
            "name" => Field::Name,
            "mimeType" => Field::Mime,
            "modifiedTime" => Field::Modified,
            _ => return None,
        };
        let operator = match self.next()? {
            Token::Word(word) if word == "contains" => Operator::Contains,
            Token::Sign(sign) => match sign.as_str() {
                "=" => Operator::Is,
                "!=" => Operator::IsNot,
                "<" => Operator::Below,
                "<=" => Operator::AtMost,
                ">" => Operator::Above,
                ">=" => Operator::AtLeast,
                _ => return None,
            },
            _ => return None,
        };
        // Times are compared, names and types are not.
        let ordered = !matches!(
            operator,
            Operator::Is | Operator::IsNot | Operator::Contains
        );
        let is_time = field == Field::Modified;
        if (ordered && !is_time) || (operator == Operator::Contains && is_time) {
            return None;
        }
        let Token::Text(value) = self.next()? else {
            return None;
        };
        if is_time {
            time(&value)?;
        }
        Some(Term::Text {
            field,
            operator,
            value,
        })
    }
}

/// RFC 3339; without a zone it is UTC.
fn time(text: &str) -> Option<i64> {
    chrono::DateTime::parse_from_rfc3339(text)
        .or_else(|_| chrono::DateTime::parse_from_rfc3339(&format!("{text}Z")))
        .ok()
        .map(|time| time.timestamp_millis())
}

impl Term {
    /// Folders that are named.
    pub(crate) fn parents(&self) -> Vec<&str> {
        match self {
            Self::And(one, other) | Self::Or(one, other) => {
                let mut all = one.parents();
                all.extend(other.parents());
                all
            }
            Self::Not(term) => term.parents(),
            Self::InParents(id) => vec![id],
            _ => Vec::new(),
        }
    }

    /// Whether it holds of a file, for somebody whose root and e-mail these are.
    pub(crate) fn holds(&self, world: &World, file: &File, me: Option<(&str, &str)>) -> bool {
        match self {
            Self::And(one, other) => one.holds(world, file, me) && other.holds(world, file, me),
            Self::Or(one, other) => one.holds(world, file, me) || other.holds(world, file, me),
            Self::Not(term) => !term.holds(world, file, me),
            Self::InParents(id) => {
                let id = if id == "root" {
                    me.map(|(root, _)| root)
                } else {
                    Some(id.as_str())
                };
                id.is_some() && file.parent.as_deref() == id
            }
            Self::Owner(owner) => {
                let owner = if owner == "me" {
                    me.map(|(_, email)| email)
                } else {
                    Some(owner.as_str())
                };
                owner == Some(file.owner.as_str())
            }
            Self::Trashed(wanted) => world.is_trashed(&file.id) == *wanted,
            Self::SharedWithMe(wanted) => {
                me.is_some_and(|(_, email)| file.readers.contains(email)) == *wanted
            }
            Self::Text {
                field,
                operator,
                value,
            } => match field {
                Field::Modified => {
                    let (at, limit) = (file.modified, time(value).unwrap_or(0));
                    match operator {
                        Operator::Is | Operator::Contains => at == limit,
                        Operator::IsNot => at != limit,
                        Operator::Below => at < limit,
                        Operator::AtMost => at <= limit,
                        Operator::Above => at > limit,
                        Operator::AtLeast => at >= limit,
                    }
                }
                Field::Name | Field::Mime => {
                    let text = if *field == Field::Name {
                        &file.name
                    } else {
                        &file.mime
                    };
                    match operator {
                        Operator::Is => text == value,
                        Operator::IsNot => text != value,
                        // For names Drive matches the beginnings of words.
                        _ if *field == Field::Name => {
                            let value = value.to_lowercase();
                            let name = text.to_lowercase();
                            name.starts_with(&value) || name.contains(&format!(" {value}"))
                        }
                        _ => text.contains(value.as_str()),
                    }
                }
            },
        }
    }
}

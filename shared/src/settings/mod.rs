//! Settings of a server: read once at start, checked completely, passed on as values.
//!
//! Layers, each over the one before:
//! 1. the defaults compiled into the program (the repository's `config/*.yaml`),
//! 2. `base.yaml` and `<stage>.yaml` of `CONFIG_DIR`, or of `./config` when that folder exists,
//! 3. environment variables: by path (`RAG__SERVER__PORT=8001` is `server.port`) or by one of the
//!    plain names a server lists (`PORT`). Each can also be given as `NAME_FILE`, whose file holds
//!    the value. An empty variable counts as unset, because compose files pass empty ones.
//!
//! The stage (`development`, `testing`, `production`) is in `ENVIRONMENT`. In the files every
//! server has a section of its own; `common:` lies below it. Two variables that set the same key to
//! different values are a fault, whatever their names. *All* faults are reported at once, each with
//! its key and where the value came from: a value of the wrong type is replaced by its default so
//! that reading can go on.
//!
//! Secrets come from the environment or from files named by it, never from the YAML files, and are
//! shown as `***`.

mod environment;
mod faults;
mod layers;
mod reader;
mod secret;
mod units;

use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

pub use environment::Environment;
pub use faults::{EXIT_CODE, Fault, Faults, SettingsErrors};
pub use secrecy::{ExposeSecret, SecretString};
pub use secret::{WeakSecret, check_secret};
pub use units::{duration, size};

use layers::{Node, Source};

/// Where a server runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stage {
    /// A developer's machine, and the default.
    Development,
    /// Automated tests.
    Testing,
    /// Real users: sample secrets and stand-ins are refused.
    Production,
}

impl Stage {
    /// The value of `ENVIRONMENT` and the name of the stage's file.
    pub fn name(self) -> &'static str {
        match self {
            Self::Development => "development",
            Self::Testing => "testing",
            Self::Production => "production",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Self::Development, Self::Testing, Self::Production]
            .into_iter()
            .find(|stage| stage.name().eq_ignore_ascii_case(text))
    }
}

/// One plain environment variable and the key it sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Variable {
    /// Its name, such as `CHUNK_SIZE`.
    pub name: &'static str,
    /// The key inside the server's section, such as `chunk.size`.
    pub key: &'static str,
    /// For an old name: the one to use now.
    pub instead: Option<&'static str>,
    /// Unit given to a bare number: `m` turns `30` into `30m`.
    pub unit: Option<&'static str>,
    /// Counts only where no other variable sets the key.
    pub yields: bool,
}

impl Variable {
    /// `name` sets `key`.
    pub const fn new(name: &'static str, key: &'static str) -> Self {
        Self {
            name,
            key,
            instead: None,
            unit: None,
            yields: false,
        }
    }

    /// An old name: it works, with a warning that names the new one.
    #[must_use]
    pub const fn deprecated(self, instead: &'static str) -> Self {
        Self {
            instead: Some(instead),
            ..self
        }
    }

    /// A name that several programs of a machine read, such as `PORT`: one that is ours alone goes before it.
    #[must_use]
    pub const fn yields(self) -> Self {
        Self {
            yields: true,
            ..self
        }
    }

    /// A bare number gets this unit.
    #[must_use]
    pub const fn unit(self, unit: &'static str) -> Self {
        Self {
            unit: Some(unit),
            ..self
        }
    }
}

/// The files of the repository's `config/`, compiled in with `include_str!`.
#[derive(Debug, Clone, Copy)]
pub struct Defaults {
    /// `base.yaml`: every key.
    pub base: &'static str,
    /// `development.yaml`.
    pub development: &'static str,
    /// `testing.yaml`.
    pub testing: &'static str,
    /// `production.yaml`.
    pub production: &'static str,
}

impl Defaults {
    fn of(&self, stage: Stage) -> &'static str {
        match stage {
            Stage::Development => self.development,
            Stage::Testing => self.testing,
            Stage::Production => self.production,
        }
    }
}

/// What a server's settings look like from outside.
#[derive(Debug, Clone, Copy)]
pub struct Spec {
    /// Its section in the files: `rag`.
    pub section: &'static str,
    /// What its variables by path begin with: `RAG__`.
    pub prefix: &'static str,
    /// Its plain variables.
    pub variables: &'static [Variable],
    /// Keys that hold secrets: refused in files, hidden in every output.
    pub secrets: &'static [&'static str],
    /// The compiled-in files.
    pub defaults: Defaults,
}

/// Checked settings and what is worth telling about them.
#[derive(Debug, Clone)]
pub struct Loaded<S> {
    /// The settings.
    pub settings: S,
    /// The stage they are for.
    pub stage: Stage,
    /// Sentences for the log: old names in use, settings that weaken each other.
    pub warnings: Vec<String>,
    /// Every key with its value and origin, secrets hidden, sorted by key.
    pub effective: Vec<Effective>,
}

/// One line of the effective settings.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Effective {
    /// The key inside the section.
    pub key: String,
    /// The value as YAML in one line; `***` in place of a secret or of the password in an address.
    pub value: String,
    /// Where it came from: a variable, a file, or `defaults`.
    pub source: String,
}

/// Sections a file may have; a server reads its own and `common`.
const SECTIONS: &[&str] = &["common", "rag", "api"];

/// Reads all layers into `R` (what was written) and lets `check` make `S` (what is true) of it.
///
/// `check` runs even if some values had to be replaced by defaults, so that one start names every
/// fault; it returns `None` when it cannot make `S`, having said why.
///
/// # Errors
/// [`SettingsErrors`] with every fault found.
pub fn load<R, S>(
    spec: &Spec,
    environment: &Environment,
    check: impl FnOnce(R, &mut Faults<'_>) -> Option<S>,
) -> Result<Loaded<S>, SettingsErrors>
where
    R: DeserializeOwned,
{
    let mut found = Vec::new();
    let stage = stage(environment, &mut found);
    let mut warnings = Vec::new();

    let defaults = defaults(spec, stage, &mut found);
    let mut tree = defaults.clone();
    for (path, required) in files(environment, stage) {
        read_file(spec, &path, required, &mut tree, &mut found);
    }
    environment::apply(spec, environment, &mut tree, &mut found, &mut warnings);

    let raw = reader::read::<R>(spec, &mut tree, &defaults, &mut found);
    let mut faults = Faults::new(stage, &tree, found, warnings);
    let settings = raw.and_then(|raw| check(raw, &mut faults));
    let (found, warnings) = faults.into_parts();
    match settings {
        Some(settings) if found.is_empty() => {
            let mut effective = Vec::new();
            tree.list(&mut String::new(), &mut |key, value, source| {
                let hidden = spec.secrets.contains(&key) && value != "null";
                effective.push(Effective {
                    key: key.to_owned(),
                    value: if hidden {
                        "***".to_owned()
                    } else {
                        secret::without_password(value)
                    },
                    source: source.to_string(),
                });
            });
            Ok(Loaded {
                settings,
                stage,
                warnings,
                effective,
            })
        }
        _ => Err(SettingsErrors::new(found)),
    }
}

fn stage(environment: &Environment, found: &mut Vec<Fault>) -> Stage {
    let Some(text) = environment.get("ENVIRONMENT") else {
        return Stage::Development;
    };
    Stage::parse(text).unwrap_or_else(|| {
        found.push(Fault::new(
            "ENVIRONMENT",
            None,
            format!("{text:?} is none of development, testing, production"),
        ));
        Stage::Production // the strictest, so that the other faults are complete
    })
}

fn defaults(spec: &Spec, stage: Stage, found: &mut Vec<Fault>) -> Node {
    let mut tree = Node::empty();
    for text in [spec.defaults.base, spec.defaults.of(stage)] {
        layers::add_yaml(spec, text, &Source::Defaults, &mut tree, found);
    }
    tree
}

/// The files to read and whether each must exist.
fn files(environment: &Environment, stage: Stage) -> Vec<(PathBuf, bool)> {
    let (folder, chosen) = match environment.get("CONFIG_DIR") {
        Some(folder) => (PathBuf::from(folder), true),
        None => (PathBuf::from("config"), false),
    };
    vec![
        (folder.join("base.yaml"), chosen),
        (folder.join(format!("{}.yaml", stage.name())), false),
    ]
}

fn read_file(spec: &Spec, path: &Path, required: bool, tree: &mut Node, found: &mut Vec<Fault>) {
    match std::fs::read_to_string(path) {
        Ok(text) => {
            let source = Source::File(path.display().to_string());
            layers::add_yaml(spec, &text, &source, tree, found);
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && !required => {}
        Err(error) => {
            found.push(Fault::new(
                path.display().to_string(),
                None,
                error.to_string(),
            ));
        }
    }
}

#[cfg(test)]
mod tests;

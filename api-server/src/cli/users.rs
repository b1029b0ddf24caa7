//! `user …`: what an administrator does from the machine itself. A running server sees it within seconds.

use anyhow::Context as _;
use clap::{Subcommand, ValueEnum};

use super::output::Output;
use crate::app::{Ports, Services};
use crate::audit::Actor;
use crate::settings::Settings;
use crate::users::{Account, Changes, FirstPassword, NewUser, Role};

#[derive(Debug, Subcommand)]
pub(crate) enum UserCommand {
    /// Print everybody.
    List,
    /// Make a user and print the one-time password.
    Create {
        /// Name.
        username: String,
        /// E-mail.
        #[arg(long)]
        email: Option<String>,
        /// Full name.
        #[arg(long)]
        full_name: Option<String>,
        /// Role.
        #[arg(long, value_enum, default_value = "student")]
        role: RoleArg,
        /// Let in at once.
        #[arg(long)]
        approved: bool,
    },
    /// Set a one-time password and print it.
    ResetPassword {
        /// Name.
        username: String,
    },
    /// Let a user in.
    Approve {
        /// Name.
        username: String,
    },
    /// Shut a user out.
    Disable {
        /// Name.
        username: String,
    },
    /// Let a disabled user in again.
    Enable {
        /// Name.
        username: String,
    },
    /// Give a user another role.
    Role {
        /// Name.
        username: String,
        /// Role.
        role: RoleArg,
    },
    /// Remove a user's second factor.
    RemoveTwoFactor {
        /// Name.
        username: String,
    },
    /// Delete a user.
    Delete {
        /// Name.
        username: String,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum RoleArg {
    Student,
    Instructor,
    Admin,
}

impl From<RoleArg> for Role {
    fn from(role: RoleArg) -> Self {
        match role {
            RoleArg::Student => Self::Student,
            RoleArg::Instructor => Self::Instructor,
            RoleArg::Admin => Self::Admin,
        }
    }
}

pub(crate) async fn run(
    output: &Output,
    settings: &Settings,
    command: UserCommand,
) -> anyhow::Result<()> {
    let services = Services::open(settings, &Ports::default()).await?;
    let users = &services.users;
    let actor = Actor::system("command line");
    let change = |changes: Changes, username: String| async move {
        let account = users
            .update(&Actor::system("command line"), &username, changes)
            .await?;
        print(output, &account, None)
    };
    let done = match command {
        UserCommand::List => {
            let accounts = users.list().await?;
            let views: Vec<_> = accounts.iter().map(crate::users::UserView::from).collect();
            output.value(&views)?;
            for account in &accounts {
                output.line(&describe(account));
            }
            Ok(())
        }
        UserCommand::Create {
            username,
            email,
            full_name,
            role,
            approved,
        } => {
            let new = NewUser {
                username,
                email,
                full_name,
                role: role.into(),
                external_id: None,
                approved,
                password: FirstPassword::OneTime,
            };
            let (account, password) = users.create(&actor, new).await?;
            print(output, &account, password.as_deref())
        }
        UserCommand::ResetPassword { username } => {
            let password = crate::opaque::one_time_password();
            users.reset_password(&actor, &username, &password).await?;
            let row = users.find(&username).await?.context("user is gone")?;
            print(output, &Account::from(&row), Some(&password))
        }
        UserCommand::Approve { username } => {
            let changes = Changes {
                approved: Some(true),
                ..Changes::default()
            };
            change(changes, username).await
        }
        UserCommand::Disable { username } => {
            let changes = Changes {
                disabled: Some(true),
                ..Changes::default()
            };
            change(changes, username).await
        }
        UserCommand::Enable { username } => {
            let changes = Changes {
                disabled: Some(false),
                ..Changes::default()
            };
            change(changes, username).await
        }
        UserCommand::Role { username, role } => {
            let changes = Changes {
                role: Some(role.into()),
                ..Changes::default()
            };
            change(changes, username).await
        }
        UserCommand::RemoveTwoFactor { username } => {
            let row = users.find(&username).await?.context("no such user")?;
            services.two_factor.remove(&actor, &row).await?;
            output.line("removed");
            Ok(())
        }
        UserCommand::Delete { username } => {
            users.delete(&actor, &username).await?;
            output.value(&serde_json::json!({ "deleted": username }))?;
            output.line("deleted");
            Ok(())
        }
    };
    services.db().close().await;
    done
}

fn print(output: &Output, account: &Account, password: Option<&str>) -> anyhow::Result<()> {
    let view = crate::users::UserView::from(account);
    output.value(&serde_json::json!({ "user": view, "password": password }))?;
    output.line(&describe(account));
    if let Some(password) = password {
        output.line(&format!("one-time password, valid for a day: {password}"));
    }
    Ok(())
}

fn describe(account: &Account) -> String {
    let state = match (account.disabled, account.approved) {
        (true, _) => "disabled",
        (false, false) => "not approved",
        (false, true) => "active",
    };
    format!("{}  {}  {state}", account.username, account.role.as_str())
}

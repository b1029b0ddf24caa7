//! `/auth/me`, passwords, and users for administrators.

use actix_web::web::Data;
use actix_web::{HttpResponse, delete, get, post, put};
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use shared::body::{Json, Path};
use shared::problem::{ApiError, Code, Problems};
use shared::settings::SecretString;

use super::{Changes, FirstPassword, NewUser, Role, UserService, UserView};
use crate::access::{Admin, Limit, Personal, Secure, SignedIn};
use crate::limits::LoginDelays;
use crate::sessions::{SessionService, routes::cookie};
use crate::site::SiteService;

/// What was done.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct UserMessage {
    /// A sentence for people.
    pub message: &'static str,
}

/// A password for another.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangePasswordRequest {
    /// The password until now.
    #[schema(value_type = String, format = Password)]
    current_password: SecretString,
    /// The password from now on: at least 12 characters, not easily guessed.
    #[schema(value_type = String, format = Password)]
    new_password: SecretString,
}

/// A password for somebody.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ResetPasswordRequest {
    /// Name.
    username: String,
    /// The password, which must be changed within a day.
    #[schema(value_type = String, format = Password)]
    new_password: SecretString,
}

/// A user to be made.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewUserRequest {
    /// Name: 3 to 64 letters, digits, dots, hyphens, underscores.
    #[schema(pattern = "^[A-Za-z0-9._-]{3,64}$")]
    username: String,
    /// E-mail.
    email: Option<String>,
    /// Full name.
    full_name: Option<String>,
    /// Role; student when absent.
    role: Option<Role>,
    /// Number in another system; the next free one when absent.
    external_id: Option<String>,
    /// Let in at once; not, when absent.
    approved: Option<bool>,
    /// Answer with a one-time password (the default); else the user gets a link by e-mail.
    generate_password: Option<bool>,
}

/// A user was made.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct NewUserResponse {
    /// The user.
    pub user: UserView,
    /// The one-time password, valid for a day. It is not shown again.
    pub generated_password: Option<String>,
}

/// What to change; what is absent stays.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UpdateUserRequest {
    /// E-mail; empty removes it.
    email: Option<String>,
    /// Full name; empty removes it.
    full_name: Option<String>,
    /// Role.
    role: Option<Role>,
    /// Shut out or not.
    disabled: Option<bool>,
    /// Let in or not.
    approved: Option<bool>,
}

/// How many users there are.
#[derive(Debug, Default, Serialize, utoipa::ToSchema)]
pub(crate) struct UserCount {
    /// Administrators.
    pub admin: i64,
    /// Instructors.
    pub instructor: i64,
    /// Students.
    pub student: i64,
    /// All.
    pub total: i64,
}

/// Whoever is signed in.
#[utoipa::path(tag = "account", responses((status = 200, body = UserView), Problems))]
#[get("/auth/me")]
pub(crate) async fn me(caller: SignedIn) -> Json<UserView> {
    let mut view = UserView::from(&caller.account);
    // The page asks for another password whenever this is true.
    view.is_temporary_password |= caller.limit == Some(Limit::OldPassword);
    Json(view)
}

/// Changes one's own password. Whatever else is signed in is out; the calling token stays. Changing a one-time password
/// lets the account in.
#[utoipa::path(tag = "account", request_body = ChangePasswordRequest,
    responses((status = 200, body = UserMessage), Problems))]
#[post("/auth/change-password")]
pub(crate) async fn change_password(
    person: Personal,
    body: Json<ChangePasswordRequest>,
    secure: Secure,
    users: Data<UserService>,
    sessions: Data<SessionService>,
    delays: Data<LoginDelays>,
    site: Data<SiteService>,
) -> Result<HttpResponse, ApiError> {
    let actor = person.actor();
    // A stolen token must not become a place to guess the password.
    let name = format!("password:{}", person.account.uid);
    let attempts = site.current().await?.attempts;
    let attempt = delays.admit(&name, &person.address, attempts).await?;
    let (current, new) = (
        body.current_password.expose_secret(),
        body.new_password.expose_secret(),
    );
    let changed = users.change_password(&actor, current, new).await;
    if !matches!(changed, Err(super::UserError::WrongPassword)) {
        delays.forgive(attempt).await;
    }
    let account = changed?;
    let mut response = HttpResponse::Ok();
    if let Some(session) = &actor.session {
        // The cookie was voided with the rest; the browser that calls gets a new one.
        let (token, lifetime) = sessions.cookie_token(&account, session).await?;
        response.cookie(cookie(token, lifetime, secure));
    }
    Ok(response.json(UserMessage {
        message: "Senha alterada.",
    }))
}

/// Sets somebody's password, which must be changed within a day. For administrators.
#[utoipa::path(tag = "users", request_body = ResetPasswordRequest,
    responses((status = 200, body = UserMessage), Problems))]
#[post("/auth/reset-password")]
pub(crate) async fn reset_password(
    admin: Admin,
    body: Json<ResetPasswordRequest>,
    users: Data<UserService>,
) -> Result<Json<UserMessage>, ApiError> {
    users
        .reset_password(
            &admin.actor(),
            &body.username,
            body.new_password.expose_secret(),
        )
        .await?;
    Ok(Json(UserMessage {
        message: "Senha definida; ela precisa ser trocada em 24 horas.",
    }))
}

/// Everybody, by name. For administrators.
#[utoipa::path(tag = "users", responses((status = 200, body = Vec<UserView>), Problems))]
#[get("/auth/users")]
pub(crate) async fn list(
    _admin: Admin,
    users: Data<UserService>,
) -> Result<Json<Vec<UserView>>, ApiError> {
    let accounts = users.list().await?;
    Ok(Json(accounts.iter().map(UserView::from).collect()))
}

/// How many users there are of each role. For administrators.
#[utoipa::path(tag = "users", responses((status = 200, body = UserCount), Problems))]
#[get("/auth/users/count")]
pub(crate) async fn count(
    _admin: Admin,
    users: Data<UserService>,
) -> Result<Json<UserCount>, ApiError> {
    counted(&users).await
}

/// The same as `/auth/users/count`.
#[utoipa::path(tag = "users", responses((status = 200, body = UserCount), Problems))]
#[get("/auth/users-count")]
pub(crate) async fn users_count(
    _admin: Admin,
    users: Data<UserService>,
) -> Result<Json<UserCount>, ApiError> {
    counted(&users).await
}

async fn counted(users: &UserService) -> Result<Json<UserCount>, ApiError> {
    let mut counted = UserCount::default();
    for (role, number) in users.count().await? {
        match role {
            Role::Admin => counted.admin = number,
            Role::Instructor => counted.instructor = number,
            Role::Student => counted.student = number,
        }
        counted.total = counted.total.saturating_add(number);
    }
    Ok(Json(counted))
}

/// Makes a user, with a one-time password in the answer. For administrators.
#[utoipa::path(tag = "users", request_body = NewUserRequest,
    responses((status = 200, body = NewUserResponse), Problems))]
#[post("/auth/users")]
pub(crate) async fn create(
    admin: Admin,
    body: Json<NewUserRequest>,
    users: Data<UserService>,
) -> Result<Json<NewUserResponse>, ApiError> {
    let body = body.into_inner();
    let new = NewUser {
        username: body.username,
        email: body.email,
        full_name: body.full_name,
        role: body.role.unwrap_or(Role::Student),
        external_id: body.external_id,
        approved: body.approved.unwrap_or(false),
        password: if body.generate_password.unwrap_or(true) {
            FirstPassword::OneTime
        } else {
            FirstPassword::ByLink
        },
    };
    let (account, generated_password) = users.create(&admin.actor(), new).await?;
    Ok(Json(NewUserResponse {
        user: UserView::from(&account),
        generated_password,
    }))
}

/// Changes a user. Who is disabled, or no longer approved, is out at once. For administrators, not on themselves where
/// that would shut them out, and not on the last one.
#[utoipa::path(tag = "users", params(("username" = String, Path)), request_body = UpdateUserRequest,
    responses((status = 200, body = UserView), Problems))]
#[put("/auth/users/{username}")]
pub(crate) async fn update(
    admin: Admin,
    username: Path<String>,
    body: Json<UpdateUserRequest>,
    users: Data<UserService>,
) -> Result<Json<UserView>, ApiError> {
    let body = body.into_inner();
    let changes = Changes {
        email: body.email,
        full_name: body.full_name,
        role: body.role,
        disabled: body.disabled,
        approved: body.approved,
    };
    let account = users.update(&admin.actor(), &username, changes).await?;
    Ok(Json(UserView::from(&account)))
}

/// Deletes a user and everything that belongs to them. For administrators, not on themselves.
#[utoipa::path(tag = "users", params(("username" = String, Path)), responses((status = 200, body = UserMessage), Problems))]
#[delete("/auth/users/{username}")]
pub(crate) async fn remove(
    admin: Admin,
    username: Path<String>,
    users: Data<UserService>,
) -> Result<Json<UserMessage>, ApiError> {
    users.delete(&admin.actor(), &username).await?;
    Ok(Json(UserMessage {
        message: "Usuário removido.",
    }))
}

/// Gone: passwords cannot be read. For administrators.
#[utoipa::path(tag = "users", params(("username" = String, Path)),
    responses((status = 410, description = "Always", body = shared::problem::Problem,
        content_type = "application/problem+json"), Problems))]
#[get("/auth/users/{username}/password")]
pub(crate) async fn password(
    _admin: Admin,
    _username: Path<String>,
) -> Result<HttpResponse, ApiError> {
    Err(ApiError::new(Code::Gone)
        .with_detail("Senhas não podem ser lidas. Defina outra, ou envie o link de redefinição."))
}

/// Gone: there are no default passwords. For administrators.
#[utoipa::path(tag = "users",
    responses((status = 410, description = "Always", body = shared::problem::Problem,
        content_type = "application/problem+json"), Problems))]
#[post("/auth/restore-default-passwords")]
pub(crate) async fn restore_default_passwords(_admin: Admin) -> Result<HttpResponse, ApiError> {
    Err(ApiError::new(Code::Gone).with_detail("Não existem senhas padrão."))
}

//! `/tables` and `/tables/query`.

use actix_web::web::Data;
use actix_web::{get, post};
use serde::{Deserialize, Serialize};
use shared::body::{Json, Query};
use shared::problem::{ApiError, Problems};
use tables::plan::Plan;
use tables::{Kind, Outcome, Table};

use super::TableService;
use crate::materials::MaterialId;
use crate::paging::page_size;

/// A plan and what it is computed on.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ComputeRequest {
    /// Id of the material.
    pub material_id: String,
    /// What to compute: `table`, and of `join`, `filter`, `group`, `aggregate`, `columns`, `distinct`, `order`, `limit` what is
    /// needed. An answer in mode `table` shows the one it comes from.
    #[schema(value_type = Object)]
    pub plan: Plan,
    /// Whether to say the result in English.
    #[serde(default)]
    pub english: bool,
}

/// What a plan came to.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct ComputeResponse {
    /// Markdown.
    pub answer: String,
    /// What was computed, in words.
    pub formula: String,
    /// What to know of the cells it was computed with.
    pub warnings: Vec<String>,
    /// Columns, at most 200 rows of `row_count`, and the cells they come from.
    #[schema(value_type = Object)]
    pub outcome: Outcome,
}

/// Computes a plan on the tables of a material. Never SQL, never a formula; all faults of a plan are told at once.
#[utoipa::path(tag = "tables", request_body = ComputeRequest, responses((status = 200, body = ComputeResponse), Problems))]
#[post("/tables/query")]
pub(crate) async fn compute(
    request: Json<ComputeRequest>,
    service: Data<TableService>,
) -> Result<Json<ComputeResponse>, ApiError> {
    let ComputeRequest {
        material_id,
        plan,
        english,
    } = request.into_inner();
    let id = MaterialId::parse(&material_id)?;
    let outcome = service.run(&id, &plan).await?;
    let said = tables::answer(&plan, &outcome, english);
    Ok(Json(ComputeResponse {
        answer: said.text,
        formula: said.formula,
        warnings: said.warnings,
        outcome,
    }))
}

/// Which tables to list.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListTables {
    /// Only tables of this material.
    material_id: Option<String>,
    /// Only materials after this id: the last of the page before.
    after: Option<String>,
    /// Most materials to look at, 1 to 100.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u16>,
}

/// Tables by material.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct TableList {
    /// In order of material.
    pub tables: Vec<TableView>,
    /// What to send as `after` for the next page; null on the last.
    pub next: Option<String>,
}

/// A table.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct TableView {
    /// Id of the material.
    pub material_id: String,
    /// What a plan calls it.
    pub table: String,
    /// Sheet; null for tables of running text.
    pub sheet: Option<String>,
    /// Hidden from people who open the file.
    pub hidden: bool,
    /// Rows of data.
    pub row_count: usize,
    /// Rows of totals, which no result counts.
    pub totals: usize,
    /// From left to right.
    pub columns: Vec<ColumnView>,
}

/// A column.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct ColumnView {
    /// What a plan calls it.
    pub name: String,
    /// `integer`, `decimal`, `percentage`, `currency`, `date`, `time`, `duration`, `flag` or `text`.
    #[schema(value_type = String)]
    pub kind: Kind,
    /// `kg`, `R$`, `%`.
    pub unit: Option<String>,
}

impl TableView {
    fn of(material_id: &str, table: &Table) -> Self {
        let columns = table.columns.iter().map(|column| ColumnView {
            name: column.name.clone(),
            kind: column.kind,
            unit: column.unit.clone(),
        });
        Self {
            material_id: material_id.to_owned(),
            table: table.id.clone(),
            sheet: table.sheet.clone(),
            hidden: table.hidden,
            row_count: table.row_count(),
            totals: table.totals,
            columns: columns.collect(),
        }
    }
}

/// Lists tables that can be computed on, by material.
#[utoipa::path(tag = "tables", params(ListTables), responses((status = 200, body = TableList), Problems))]
#[get("/tables")]
pub(crate) async fn list(
    query: Query<ListTables>,
    service: Data<TableService>,
) -> Result<Json<TableList>, ApiError> {
    let limit = page_size(query.limit, 100, 100)?;
    let rows = match &query.material_id {
        Some(id) => vec![service.material(&MaterialId::parse(id)?).await?],
        None => {
            service
                .materials(query.after.as_deref().unwrap_or_default(), limit)
                .await?
        }
    };
    let is_full = query.material_id.is_none() && rows.len() as i64 == limit;
    let next = rows.last().filter(|_| is_full).map(|row| row.id.clone());
    let mut tables = Vec::new();
    for row in rows {
        if let Some(set) = service.of_row(&row).await? {
            tables.extend(set.tables.iter().map(|table| TableView::of(&row.id, table)));
        }
    }
    Ok(Json(TableList { tables, next }))
}

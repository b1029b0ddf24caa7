//! Stock, sales, money, staff.

use super::super::super::planted::{
    Planted, Seed, Truth, count, extreme, grouped, mean, names, sum, top, total, winner,
};
use super::super::{Asker, MONTHS, all, averages, cell_of, is, sums, value};

pub(super) fn inventory(seed: &mut Seed, tables: &[Planted], to: &mut Asker) {
    let [stock, _] = tables else { return };
    let (amount, price) = (stock.column("Quantidade"), stock.column("Preço unitário"));
    let products = stock.texts("Produto");
    let name = seed.one(&products).as_str();
    let categories = stock.texts("Categoria");
    let category = seed.one(&categories).as_str();
    let suppliers = stock.texts("Fornecedor");
    let supplier = seed.one(&suppliers).as_str();
    let n = seed.within(15, 60);
    let bound = n.to_string();
    let slots = [
        ("p", name),
        ("c", category),
        ("f", supplier),
        ("n", bound.as_str()),
    ];
    to.ask(
        "lookup",
        value(&cell_of(stock, "Produto", name, "Fornecedor")),
        &slots,
        &[
            "passive|Por quem é fornecido o produto {p}?",
            "polite|Poderia verificar qual é o fornecedor de {p}?",
            "cleft|Quem é que fornece {p}?",
            "keywords|fornecedor {p}",
            "sheet|No controle de estoque, quem é o fornecedor de {p}?",
        ],
    );
    to.ask(
        "lookup",
        value(&cell_of(stock, "Produto", name, "Preço unitário")),
        &slots,
        &[
            "unit|Quantos reais custa {p}?",
            "unit|{p} custa quantos reais a unidade?",
            "chatty|quanto é que tá {p}?",
            "story|Um cliente perguntou agora. Qual o preço de {p}?",
        ],
    );
    to.ask(
        "list",
        Some(names(&stock.picked(is(stock, "Fornecedor", supplier)), 0)),
        &slots,
        &[
            "passive|Quais produtos são fornecidos por {f}?",
            "relative|Quais são os produtos cujo fornecedor é {f}?",
            "among|De todos os produtos, quais são do fornecedor {f}?",
            "keywords|produtos {f}",
        ],
    );
    to.ask(
        "filter",
        Some(names(
            &stock.picked(|row| row[price].number().is_some_and(|v| v <= n * 100)),
            0,
        )),
        &slots,
        &[
            "atmost|Quais produtos não custam mais de {n} reais?",
            "atmost|Produtos de no máximo R$ {n}",
            "relative|Quais produtos têm preço menor ou igual a {n}?",
            "unit|Que produtos custam até {n} reais?",
            "story|Só tenho {n} reais. Quais produtos custam até {n} reais?",
            "abroad|Which products cost at most {n}?",
        ],
    );
    to.ask(
        "extreme",
        extreme(&all(stock), 0, amount, true),
        &slots,
        &[
            "ranked|Qual produto é o campeão em quantidade?",
            "among|De todos os produtos, qual tem a maior quantidade?",
            "cleft|Qual é o produto que mais tem quantidade?",
        ],
    );
    to.ask(
        "group",
        Some(Truth::Groups(grouped(&all(stock), 2, averages(price)))),
        &slots,
        &[
            "split|Preço médio dividido por fornecedor",
            "split|Me dê o preço médio fornecedor por fornecedor",
            "polite|Você consegue me passar o preço médio de cada fornecedor?",
        ],
    );
    to.ask(
        "count",
        Some(count(stock.picked(is(stock, "Fornecedor", supplier)).len())),
        &slots,
        &[
            "passive|Quantos produtos são vendidos por {f}?",
            "chatty|olha só, quantos produtos são da {f}?",
            "abroad|How many products come from {f}?",
        ],
    );
}

pub(super) fn sales(seed: &mut Seed, tables: &[Planted], to: &mut Asker) {
    let [sales, _] = tables else { return };
    let (when, amount, money) = (0, sales.column("Quantidade"), sales.column("Valor"));
    let sellers = sales.texts("Vendedor");
    let name = seed.one(&sellers).as_str();
    let product = *seed.one(&["Notebook", "Monitor", "Teclado", "Mouse"]);
    let region = *seed.one(&["Norte", "Sul", "Nordeste", "Sudeste"]);
    let month = seed.within(2, 11) as u32;
    let figure = format!("{month:02}/2025");
    let slots = [
        ("v", name),
        ("p", product),
        ("r", region),
        ("mes", MONTHS[month as usize]),
        ("mm", figure.as_str()),
    ];
    let of_seller = sales.picked(is(sales, "Vendedor", name));
    to.ask(
        "sum",
        Some(total(&of_seller, money)),
        &slots,
        &[
            "polite|Por gentileza, qual o valor total vendido por {v}?",
            "passive|Qual o valor total das vendas feitas por {v}?",
            "sheet|Na aba Vendas, qual o valor total de {v}?",
            "story|Vou calcular a comissão de {v}. Qual o valor total das vendas de {v}?",
            "unit|Quantos reais {v} vendeu no total?",
            "keywords|{v} valor total",
            "abroad|What is the total valor sold by {v}?",
        ],
    );
    to.ask(
        "count",
        Some(count(
            sales
                .picked(|row| row[2].text() == product && row[3].text() == region)
                .len(),
        )),
        &slots,
        &[
            "passive|Quantas vendas de {p} foram registradas na região {r}?",
            "among|Das vendas da região {r}, quantas são de {p}?",
            "cleft|Quantas vendas de {p} é que teve na região {r}?",
            "keywords|vendas {p} região {r}: quantas",
        ],
    );
    to.ask(
        "sum",
        Some(total(
            &sales.picked(|row| row[2].text() == product && row[3].text() == region),
            amount,
        )),
        &slots,
        &[
            "polite|Você pode me dizer a quantidade total de {p} na região {r}?",
            "unit|Qual a quantidade de {p} somada na região {r}?",
        ],
    );
    let quarter = sales.picked(|row| row[when].date().is_some_and(|(_, m, _)| m <= 3));
    to.ask(
        "dates",
        Some(count(quarter.len())),
        &slots,
        &[
            "period|Quantas vendas houve no primeiro trimestre de 2025?",
            "period|Quantas vendas houve nos três primeiros meses de 2025?",
            "period|Quantas vendas foram feitas de janeiro a março?",
        ],
    );
    let of_month = sales.picked(|row| row[when].date().is_some_and(|(_, m, _)| m == month));
    to.ask(
        "dates",
        Some(total(&of_month, money)),
        &slots,
        &[
            "period|Qual o valor total das vendas em {mm}?",
            "period|Qual foi o valor total das vendas ao longo de {mes}?",
            "polite|Me informe, por favor, o valor total das vendas de {mes} de 2025.",
        ],
    );
    to.ask(
        "group",
        Some(Truth::Groups(grouped(&all(sales), 3, sums(money)))),
        &slots,
        &[
            "split|Valor total das vendas, região por região",
            "split|Quebre o valor total por região",
            "sheet|Na planilha de vendas, qual o valor total por região?",
        ],
    );
    to.ask(
        "extreme",
        winner(&grouped(&all(sales), 1, sums(amount)), true),
        &slots,
        &[
            "ranked|Qual vendedor lidera em quantidade total?",
            "among|Entre os vendedores, quem tem a maior quantidade total?",
            "cleft|Qual é o vendedor que tem a maior quantidade total?",
        ],
    );
}

pub(super) fn finance(seed: &mut Seed, tables: &[Planted], to: &mut Asker) {
    let [spent, funds] = tables else { return };
    let money = spent.column("Valor (R$)");
    let category = *seed.one(&["Viagem", "Material", "Serviços"]);
    let way = *seed.one(&["Cartão", "Boleto", "Pix"]);
    let month = seed.within(2, 11) as u32;
    let n = seed.within(2, 9) * 100;
    let bound = n.to_string();
    let slots = [
        ("c", category),
        ("f", way),
        ("mes", MONTHS[month as usize]),
        ("n", bound.as_str()),
    ];
    let by_way = spent.picked(is(spent, "Pagamento", way));
    to.ask(
        "sum",
        Some(total(&by_way, money)),
        &slots,
        &[
            "passive|Quanto foi pago com {f}?",
            "polite|Gostaria de saber o total das despesas pagas com {f}.",
            "unit|Quantos reais em despesas foram pagos com {f}?",
            "story|O financiador pediu contas. Qual o total das despesas pagas com {f}?",
            "among|De todas as despesas, qual o total das pagas com {f}?",
        ],
    );
    to.ask(
        "count",
        Some(count(
            spent
                .picked(|row| row[money].number().is_some_and(|v| v <= n * 100))
                .len(),
        )),
        &slots,
        &[
            "atmost|Quantas despesas não passaram de R$ {n}?",
            "atmost|Quantas despesas ficaram em até {n} reais?",
            "relative|Quantas são as despesas cujo valor é de no máximo {n} reais?",
        ],
    );
    let early = spent.picked(|row| row[0].date().is_some_and(|(_, m, _)| m <= 6));
    to.ask(
        "dates",
        Some(total(&early, money)),
        &slots,
        &[
            "period|Qual o total de despesas do primeiro semestre de 2025?",
            "period|Quanto foi gasto de janeiro até junho?",
        ],
    );
    let after = spent.picked(|row| row[0].date().is_some_and(|(_, m, _)| m > month));
    to.ask(
        "dates",
        Some(count(after.len())),
        &slots,
        &[
            "period|Quantas despesas houve depois de {mes}?",
            "period|Quantas despesas temos após {mes} de 2025?",
        ],
    );
    to.ask(
        "group",
        Some(Truth::Groups(grouped(&all(spent), 4, sums(money)))),
        &slots,
        &[
            "split|Total de despesas separado por forma de pagamento",
            "split|Quanto foi gasto, pagamento por pagamento?",
            "chatty|e quanto foi gasto em cada forma de pagamento?",
        ],
    );
    to.ask(
        "extreme",
        extreme(&all(funds), 0, 2, false),
        &slots,
        &[
            "among|Entre as origens, qual tem o menor montante?",
            "ranked|Qual origem ficou em último lugar em montante?",
            "cleft|Qual é a origem que tem o menor montante?",
        ],
    );
    to.ask(
        "mean",
        mean(&spent.picked(is(spent, "Rubrica", category)), money),
        &slots,
        &[
            "keywords|valor médio {c}",
            "polite|Pode calcular para mim o valor médio das despesas de {c}?",
        ],
    );
}

pub(super) fn staff(seed: &mut Seed, tables: &[Planted], to: &mut Asker) {
    let [staff] = tables else { return };
    let everyone = staff.texts("Employee");
    let name = seed.one(&everyone).as_str();
    let departments = staff.texts("Department");
    let department = seed.one(&departments).as_str();
    let (pay, age) = (staff.column("Salary"), staff.column("Age"));
    let n = seed.within(30, 50);
    let bound = n.to_string();
    let k = seed.within(2, 4) as usize;
    let slots = [
        ("e", name),
        ("d", department),
        ("n", bound.as_str()),
        ("ka", ["", "", "two", "three", "four"][k]),
    ];
    let of = staff.picked(is(staff, "Department", department));
    to.ask(
        "lookup",
        value(&cell_of(staff, "Employee", name, "City")),
        &slots,
        &[
            "abroad|Which city is {e} in?",
            "abroad|Could you tell me the city of {e}?",
            "keywords|{e} city",
        ],
    );
    to.ask(
        "lookup",
        value(&cell_of(staff, "Employee", name, "Age")),
        &slots,
        &["abroad|How old is {e}?", "abroad|What age is {e}?"],
    );
    to.ask(
        "filter",
        Some(names(
            &staff.picked(|row| row[age].number().is_some_and(|v| v <= n * 100)),
            0,
        )),
        &slots,
        &[
            "abroad|Which employees are no older than {n}?",
            "abroad|List everyone whose age is at most {n}",
            "relative|Quais funcionários têm idade de no máximo {n}?",
        ],
    );
    to.ask(
        "extreme",
        extreme(&of, 0, pay, true),
        &slots,
        &[
            "abroad|Among the employees in {d}, who has the highest salary?",
            "abroad|Who is the best paid in {d} by salary?",
        ],
    );
    to.ask(
        "top",
        Some(top(&all(staff), 0, pay, k, true)),
        &slots,
        &["spelled|What are the {ka} highest salaries?"],
    );
    to.ask(
        "group",
        Some(Truth::Groups(grouped(&all(staff), 2, averages(age)))),
        &slots,
        &[
            "split|What is the average age, broken down by city?",
            "split|average age grouped by city",
        ],
    );
    to.ask(
        "sum",
        Some(Truth::Number(sum(&of, pay), 100)),
        &slots,
        &[
            "abroad|How much do we pay in salaries in {d} overall?",
            "abroad|Add up the salaries of the {d} department",
        ],
    );
}

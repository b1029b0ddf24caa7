//! Stock, sales, money, staff.

use super::super::planted::{Cell, Planted, Seed, Written};
use super::{text, whole};

pub(crate) fn inventory(seed: &mut Seed) -> Vec<Planted> {
    let products: [(&str, &str); 30] = [
        ("Arroz integral", "Grãos"),
        ("Feijão preto", "Grãos"),
        ("Lentilha", "Grãos"),
        ("Grão-de-bico", "Grãos"),
        ("Ervilha seca", "Grãos"),
        ("Café torrado", "Bebidas"),
        ("Suco de uva", "Bebidas"),
        ("Chá mate", "Bebidas"),
        ("Água mineral", "Bebidas"),
        ("Refrigerante cola", "Bebidas"),
        ("Leite desnatado", "Laticínios"),
        ("Queijo minas", "Laticínios"),
        ("Iogurte natural", "Laticínios"),
        ("Manteiga", "Laticínios"),
        ("Requeijão", "Laticínios"),
        ("Detergente", "Limpeza"),
        ("Sabão em pó", "Limpeza"),
        ("Água sanitária", "Limpeza"),
        ("Esponja", "Limpeza"),
        ("Desinfetante", "Limpeza"),
        ("Caderno", "Papelaria"),
        ("Caneta azul", "Papelaria"),
        ("Lápis", "Papelaria"),
        ("Borracha", "Papelaria"),
        ("Grampeador", "Papelaria"),
        ("Biscoito salgado", "Mercearia"),
        ("Macarrão", "Mercearia"),
        ("Molho de tomate", "Mercearia"),
        ("Azeite", "Mercearia"),
        ("Farinha de trigo", "Mercearia"),
    ];
    let suppliers = [
        "Atacadão Norte",
        "Distribuidora Sol",
        "Comercial Vega",
        "Empório Real",
    ];
    let mut stock = Planted::new(
        "Estoque",
        "Controle de estoque",
        &[
            "Produto",
            "Categoria",
            "Fornecedor",
            "Quantidade",
            "Preço unitário",
            "Validade",
        ],
    );
    stock.top = 2;
    stock.left = 1;
    stock.written.insert(4, Written::Reais);
    stock.subtotals = Some((1, vec![3]));
    for (name, category) in products {
        stock.rows.push(vec![
            text(name),
            text(category),
            text(seed.pick(&suppliers)),
            whole(seed.within(0, 400)),
            Cell::Number(seed.within(150, 9_000)),
            Cell::Date(2026, seed.within(1, 12) as u32, seed.within(1, 28) as u32),
        ]);
    }
    let mut companies = Planted::new(
        "Fornecedores",
        "",
        &["Fornecedor", "Estado", "Prazo de entrega (dias)"],
    );
    for (name, state) in suppliers.iter().zip(["Bahia", "Ceará", "Bahia", "Paraná"]) {
        companies
            .rows
            .push(vec![text(name), text(state), whole(seed.within(2, 20))]);
    }
    vec![stock, companies]
}

pub(crate) fn sales(seed: &mut Seed, count: usize) -> Vec<Planted> {
    let sellers: Vec<String> = [
        "Marta Reis",
        "Otávio Pires",
        "Lúcia Prado",
        "Caio Freitas",
        "Denise Rocha",
        "Igor Matos",
    ]
    .iter()
    .map(|name| (*name).to_owned())
    .collect();
    let mut sales = Planted::new(
        "Vendas",
        "",
        &[
            "Data",
            "Vendedor",
            "Produto",
            "Região",
            "Quantidade",
            "Valor",
        ],
    );
    sales.written.insert(5, Written::Reais);
    for _ in 0..count {
        let quantity = seed.within(1, 40);
        sales.rows.push(vec![
            Cell::Date(2025, seed.within(1, 12) as u32, seed.within(1, 28) as u32),
            text(seed.pick(&sellers)),
            text(seed.pick(&[
                "Notebook",
                "Monitor",
                "Teclado",
                "Mouse",
                "Impressora",
                "Webcam",
            ])),
            text(seed.pick(&["Norte", "Sul", "Nordeste", "Sudeste"])),
            whole(quantity),
            Cell::Number(quantity * seed.within(1_990, 19_990)),
        ]);
    }
    let mut teams = Planted::new("Equipes", "", &["Vendedor", "Equipe", "Admissão"]);
    for (index, name) in sellers.iter().enumerate() {
        teams.rows.push(vec![
            text(name),
            text(["Varejo", "Corporativo"][index % 2]),
            Cell::Date(2015 + index as i32, 3, 10),
        ]);
    }
    vec![sales, teams]
}

pub(crate) fn finance(seed: &mut Seed) -> Vec<Planted> {
    let mut spent = Planted::new(
        "Caixa 2025",
        "Despesas do projeto",
        &["Data", "Descrição", "Rubrica", "Valor (R$)", "Pagamento"],
    );
    for index in 0..60 {
        let (what, kind) = *seed.one(&[
            ("Passagem aérea", "Viagem"),
            ("Hospedagem", "Viagem"),
            ("Reagentes", "Material"),
            ("Vidraria", "Material"),
            ("Licença de software", "Serviços"),
            ("Manutenção do freezer", "Serviços"),
            ("Bolsa de monitoria", "Pessoal"),
        ]);
        spent.rows.push(vec![
            Cell::Date(2025, 1 + (index / 5) as u32, seed.within(1, 28) as u32),
            text(what),
            text(kind),
            Cell::Number(seed.within(2_000, 480_000)),
            text(seed.pick(&["Cartão", "Boleto", "Pix"])),
        ]);
    }
    let mut funds = Planted::new(
        "Caixa 2025",
        "Entradas do projeto",
        &["Origem", "Recebimento", "Montante"],
    );
    funds.left = 7;
    funds.written.insert(2, Written::Reais);
    for origin in ["CNPq", "CAPES", "FAPESP", "Prefeitura", "Doação particular"] {
        funds.rows.push(vec![
            text(origin),
            Cell::Date(2025, seed.within(1, 12) as u32, seed.within(1, 28) as u32),
            Cell::Number(seed.within(100_000, 9_000_000)),
        ]);
    }
    vec![spent, funds]
}

pub(crate) fn staff(seed: &mut Seed) -> Vec<Planted> {
    let mut staff = Planted::new(
        "Staff",
        "Employee directory",
        &[
            "Employee",
            "Department",
            "City",
            "Salary",
            "Age",
            "Hire date",
        ],
    );
    for name in [
        "Alice Brown",
        "Brian Clark",
        "Cynthia Doyle",
        "Daniel Evans",
        "Emily Foster",
        "Frank Gibson",
        "Grace Hughes",
        "Harold Irwin",
        "Irene Jensen",
        "Jack Keller",
        "Laura Morgan",
        "Martin Novak",
        "Nora Owens",
        "Oscar Palmer",
        "Paula Quinn",
        "Robert Stone",
    ] {
        staff.rows.push(vec![
            text(name),
            text(seed.pick(&["Engineering", "Marketing", "Finance", "Support"])),
            text(seed.pick(&["London", "Leeds", "Bristol"])),
            whole(seed.within(28_000, 92_000)),
            whole(seed.within(22, 61)),
            Cell::Date(
                seed.within(2012, 2024) as i32,
                seed.within(1, 12) as u32,
                seed.within(1, 28) as u32,
            ),
        ]);
    }
    vec![staff]
}

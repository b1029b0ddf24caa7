//! Workbooks of several domains, made from a seed.

use super::planted::{Cell, Planted, Seed, Written};

pub(crate) const FIRST: [&str; 24] = [
    "Ana", "Bruno", "Carla", "Diego", "Elisa", "Fábio", "Gabriela", "Heitor", "Isabela", "João",
    "Karina", "Luís", "Mariana", "Nicolas", "Olívia", "Paulo", "Queila", "Rafael", "Sônia",
    "Tiago", "Úrsula", "Vítor", "Wagner", "Yasmin",
];
pub(crate) const LAST: [&str; 12] = [
    "Souza",
    "Lima",
    "Conceição",
    "Araújo",
    "Ferreira",
    "Gonçalves",
    "Mendes",
    "Nunes",
    "Peixoto",
    "Ribeiro",
    "Teixeira",
    "Vasconcelos",
];

fn text(value: &str) -> Cell {
    Cell::Text(value.to_owned())
}

fn whole(value: i64) -> Cell {
    Cell::Number(value * 100)
}

/// Names of which no two share first and last name, first names repeat when there are more than 24.
fn people(seed: &mut Seed, count: usize) -> Vec<String> {
    let mut names = Vec::new();
    let start = seed.next() as usize;
    for index in 0..count {
        let first = FIRST[(start + index) % FIRST.len()];
        let last = LAST[(start + index * 5 + index / FIRST.len()) % LAST.len()];
        names.push(format!("{first} {last}"));
    }
    names
}

pub(crate) fn grades(seed: &mut Seed, count: usize) -> Vec<Planted> {
    let mut notes = Planted::new(
        "Notas",
        "Diário de classe",
        &[
            "Aluno",
            "Turma",
            "1º bimestre / Prova",
            "1º bimestre / Trabalho",
            "2º bimestre / Prova",
            "2º bimestre / Trabalho",
            "Faltas",
        ],
    );
    notes.written.insert(3, Written::CommaText);
    let mut students = Planted::new(
        "Cadastro",
        "",
        &["Aluno", "Cidade", "Nascimento", "Bolsista"],
    );
    for (index, name) in people(seed, count).iter().enumerate() {
        let grade = |seed: &mut Seed| Cell::Number(seed.within(20, 100) * 10);
        let mut row = vec![
            text(name),
            text(["Turma A", "Turma B", "Turma C"][index % 3]),
        ];
        for _ in 0..4 {
            row.push(grade(seed));
        }
        row.push(whole(seed.within(0, 12)));
        notes.rows.push(row);
        students.rows.push(vec![
            text(name),
            text(seed.pick(&["Recife", "Olinda", "Caruaru", "Jaboatão"])),
            Cell::Date(
                seed.within(2003, 2006) as i32,
                seed.within(1, 12) as u32,
                seed.within(1, 28) as u32,
            ),
            text(if seed.within(0, 2) == 0 {
                "Sim"
            } else {
                "Não"
            }),
        ]);
    }
    vec![notes, students]
}

pub(crate) fn training(seed: &mut Seed) -> Vec<Planted> {
    let exercises: [(&str, &str, &str); 16] = [
        ("Supino reto", "Peito", "Barra"),
        ("Supino inclinado", "Peito", "Halteres"),
        ("Crucifixo", "Peito", "Halteres"),
        ("Agachamento livre", "Pernas", "Barra"),
        ("Leg press", "Pernas", "Máquina"),
        ("Cadeira extensora", "Pernas", "Máquina"),
        ("Remada curvada", "Costas", "Barra"),
        ("Puxada frontal", "Costas", "Polia"),
        ("Remada baixa", "Costas", "Polia"),
        ("Rosca direta", "Bíceps", "Barra"),
        ("Rosca martelo", "Bíceps", "Halteres"),
        ("Tríceps testa", "Tríceps", "Barra"),
        ("Tríceps corda", "Tríceps", "Polia"),
        ("Desenvolvimento", "Ombros", "Halteres"),
        ("Elevação lateral", "Ombros", "Halteres"),
        ("Panturrilha sentado", "Pernas", "Máquina"),
    ];
    let header = [
        "Exercício",
        "Séries",
        "Repetições",
        "Carga (kg)",
        "Descanso (s)",
    ];
    let mut plans = Vec::new();
    for (number, sheet) in ["Treino A", "Treino B"].into_iter().enumerate() {
        let mut plan = Planted::new(sheet, "", &header);
        for (index, (name, _, _)) in exercises.iter().enumerate() {
            // Eight in each plan, none in both.
            if index % 2 == number {
                plan.rows.push(vec![
                    text(name),
                    whole(seed.within(2, 6)),
                    whole(seed.within(6, 20)),
                    Cell::Number(seed.within(8, 240) * 50),
                    whole(seed.within(2, 8) * 15),
                ]);
            }
        }
        plans.push(plan);
    }
    let mut catalogue = Planted::new(
        "Catálogo",
        "",
        &["Exercício", "Grupo muscular", "Equipamento"],
    );
    for (name, group, tool) in exercises {
        catalogue
            .rows
            .push(vec![text(name), text(group), text(tool)]);
    }
    plans.push(catalogue);
    plans
}

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

pub(crate) fn timetable(seed: &mut Seed) -> Vec<Planted> {
    let mut plan = Planted::new(
        "Horários",
        "Grade de horários",
        &[
            "Disciplina",
            "Professor",
            "Dia da semana",
            "Início",
            "Sala",
            "Vagas",
            "Data da prova",
        ],
    );
    let subjects = [
        "Cálculo I",
        "Física Experimental",
        "Química Orgânica",
        "Estatística Aplicada",
        "Anatomia",
        "Fisiologia do Exercício",
        "Metodologia Científica",
        "Bioquímica",
        "Psicologia Geral",
        "Nutrição Esportiva",
        "Biomecânica",
        "Ginástica Artística",
    ];
    let teachers = [
        "Helena Brandão",
        "Marcos Tavares",
        "Priscila Duarte",
        "Renato Aguiar",
    ];
    for (index, subject) in subjects.iter().enumerate() {
        plan.rows.push(vec![
            text(subject),
            text(teachers[index % 4]),
            text(seed.pick(&[
                "segunda-feira",
                "terça-feira",
                "quarta-feira",
                "quinta-feira",
                "sexta-feira",
            ])),
            Cell::Time(seed.within(14, 42) as u32 * 30),
            text(seed.pick(&[
                "Laboratório 1",
                "Laboratório 2",
                "Sala 101",
                "Sala 204",
                "Auditório",
            ])),
            whole(seed.within(15, 60)),
            Cell::Date(2025, seed.within(3, 6) as u32, 1 + (index as u32 * 2) % 28),
        ]);
    }
    vec![plan]
}

pub(crate) fn attendance(seed: &mut Seed) -> Vec<Planted> {
    let mut lists = Planted::new(
        "Frequência",
        "",
        &[
            "Participante",
            "Oficina",
            "Encontros",
            "Presenças",
            "Assiduidade",
            "Situação",
        ],
    );
    lists.written.insert(4, Written::Percent);
    for name in people(seed, 36) {
        let meetings = 20;
        let present = seed.within(6, 20);
        lists.rows.push(vec![
            text(&name),
            text(seed.pick(&["Dança", "Teatro", "Violão", "Pintura"])),
            whole(meetings),
            whole(present),
            // Percent points in hundredths.
            Cell::Number(present * 500),
            text(if present >= 15 {
                "Aprovado"
            } else {
                "Reprovado"
            }),
        ]);
    }
    vec![lists]
}

pub(crate) fn nutrition(seed: &mut Seed) -> Vec<Planted> {
    let mut foods = Planted::new(
        "Alimentos",
        "Composição por 100 g",
        &[
            "Alimento",
            "Grupo alimentar",
            "Calorias (kcal)",
            "Proteínas (g)",
            "Carboidratos (g)",
            "Gorduras (g)",
        ],
    );
    for (name, group) in [
        ("Banana prata", "Frutas"),
        ("Maçã fuji", "Frutas"),
        ("Manga rosa", "Frutas"),
        ("Abacate", "Frutas"),
        ("Brócolis", "Verduras"),
        ("Couve", "Verduras"),
        ("Alface", "Verduras"),
        ("Frango grelhado", "Carnes"),
        ("Patinho moído", "Carnes"),
        ("Tilápia", "Carnes"),
        ("Ovo cozido", "Carnes"),
        ("Aveia em flocos", "Cereais"),
        ("Batata-doce", "Cereais"),
        ("Mandioca", "Cereais"),
        ("Pão francês", "Cereais"),
    ] {
        foods.rows.push(vec![
            text(name),
            text(group),
            whole(seed.within(20, 400)),
            Cell::Number(seed.within(2, 350) * 10),
            Cell::Number(seed.within(2, 700) * 10),
            Cell::Number(seed.within(1, 300) * 10),
        ]);
    }
    vec![foods]
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

//! Training plans and food.

use super::super::planted::{Cell, Planted, Seed};
use super::{text, whole};

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

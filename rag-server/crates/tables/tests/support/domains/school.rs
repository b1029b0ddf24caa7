//! Grades, timetables, attendance.

use super::super::planted::{Cell, Planted, Seed, Written};
use super::{people, text, whole};

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

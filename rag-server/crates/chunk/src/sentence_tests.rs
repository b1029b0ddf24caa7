//! Sentences of real kinds of text. In each case `|` stands where a sentence must end, and nowhere else.
#![allow(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::string_slice,
    reason = "tests"
)]

use super::sentences;
use proptest::prelude::*;

/// Checks `marked`, in which `|` stands where sentences end.
fn check(marked: &str) {
    let expected: Vec<&str> = marked.split('|').map(str::trim).collect();
    let text = marked.replace('|', "");
    let found: Vec<&str> = sentences(&text)
        .into_iter()
        .map(|range| &text[range])
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn ordinary_sentences() {
    check("O músculo cresce.| Ele precisa de estímulo!| Sempre?| Sim.");
    check("Uma frase sem ponto final");
    check("Chove. depois faz sol.| Fim.");
}

#[test]
fn abbreviations_that_lead_on() {
    check("Conforme o art. 5º da lei, vale a regra.| Outra frase.");
    check("Ver fig. 3, tab. 2 e cap. IV do livro.| Fim.");
    check("O Dr. Souza e a Profa. Lima falaram com o Sr. Reis.| Depois saíram.");
    check("Há fontes, p. ex. Aveia e arroz.| Ver p. 12 e pp. 20-25, vol. 2, n. 4.| Fim.");
    check("O art. Único e a pág. 33 da 2. ed. São Paulo.");
    check("Isso é comum (cf. Cap. 2), p.ex. Em adultos, i.e. Pessoas com mais de 18 anos.");
}

#[test]
fn abbreviations_that_may_end() {
    check("Arroz, feijão, etc.| Depois vem a carne.");
    check("Leite, queijo etc. também servem.");
    check("Descansar 2 min.| Repetir o exercício.| Correr 10 km.| Parar.");
    check("Em mar. 2024 e dez. 2025 houve prova.");
    check("Segundo Lima et al. (2019), cresce.| Segundo Lima et al. 2019, cai.");
    check("Foi em 30 a.C.| Depois, em 40 d.C., mudou.");
}

#[test]
fn initials_and_labels() {
    check("Escrito por J. A. Silva em casa.| Fim.");
    check("Segundo M. Costa, cresce.| O autor é João B. Nunes.| Fim.");
    check("SILVA, J.C. Estatística.| São Paulo: Atlas, 2010.");
    check("Falta vitamina C.| Ela está na laranja.");
}

#[test]
fn numbers() {
    check("A média é 3.14 e o desvio 1.000,50.| O resto é 2.5 kg.| Fim.");
    check("Foi em 2019.| Em 2020 mudou.| São 5.| 10 alunos vieram.");
    check("O nº. 5 e o n.º 6.| Fim.");
}

#[test]
fn ellipses() {
    check("Ele pensou... e seguiu.| Então...| Fim.");
    check("O texto (...) Continua aqui […] Sempre.| Fim…| Novo.");
}

#[test]
fn quotations_and_brackets_stay_whole() {
    check("Ele disse: “Vou. Não volto.”| Saiu.");
    check("“Por quê?” perguntou ela.| «Sim. Claro.» disse ele.");
    check("Isto (ver a seção 2. Lá está) vale.| (Nota: não vale. Nunca.)| Fim.");
    check("Disse \"basta.\"| Saiu.");
}

#[test]
fn enumerations() {
    check("1. Introdução");
    check("2.1. Métodos e materiais.| Fim.");
    check("IV. Resultados");
    check("São três: a) força;| b) potência;| c) resistência.| Fim.");
    check("As etapas são:|\n1. Aquecer|\n2. Treinar|\n3. Descansar");
    check("Regras:|\na) chegar cedo|\nb) sair tarde");
    check("• Primeiro| • Segundo| • Terceiro");
    check("- um|\n- dois\ncontinua|\n– três");
}

#[test]
fn regulations() {
    check(
        "Art. 1º O laboratório abre às 8 h.|\nArt. 2º É vedado comer.|\n§ 1º Salvo água.|\nParágrafo único. Aplica-se a todos.|\nI – alunos;|\nII – docentes.",
    );
    check("Art. 10. Os testes exigem médico.| Vale o art. 12.| Fim.");
    check("Fig. 2. Estrutura do músculo.| Tabela 1. Notas.");
}

#[test]
fn text_without_capitals() {
    let prose = "o conselho do curso decide, p. ex. sobre o plano de ensino, a carga horária, etc. e publica a \
                 decisão no prazo do art. 5º desta norma.| a banca tem três docentes da área e um suplente.| cabe \
                 recurso ao colegiado, no prazo de dez dias, contado da publicação da nota.| o recurso é \
                 julgado em sessão aberta, com a presença do aluno, se ele quiser.| não cabe outro (art. 9º).| a ata é \
                 lavrada no mesmo dia e assinada por todos.";
    check(prose);
}

#[test]
fn wrapped_lines_are_no_ends() {
    check("Uma frase que segue\nna outra linha.|\nOutra frase.");
    check("Um parágrafo|\n\noutro parágrafo");
    check("2.2 Mediana|\nA mediana é o valor que divide o rol\nem duas partes.| É 7.");
    check("Moda\ne mediana são medidas de posição do rol.");
    check("Os dados da Universidade\nFederal de Lavras mostram isso.");
    check("Observe o seguinte:|\nA média sobe.");
}

#[test]
fn addresses_and_odd_signs() {
    check("Escreva para aluno@exemplo.com.br ou veja www.exemplo.com.br/a.pdf.| Fim.");
    check("— Vamos?| — Vamos.");
    assert!(sentences(" \n ").is_empty());
    assert_eq!(sentences("..."), vec![0..3]);
    assert_eq!(sentences("*** Fim. ***"), vec![0..12]);
}

proptest! {
    #[test]
    fn any_text_is_covered_in_order(text in "\\PC{0,40}([.!?…:;]+[ \n]?[“”()\\[\\]•a-c1-3).A-CÁé]{0,9}[ \n]?\\PC{0,9}){0,12}") {
        let mut end = 0;
        for range in sentences(&text) {
            prop_assert!(range.start >= end && range.start < range.end);
            prop_assert!(text[end..range.start].trim().is_empty());
            let part = &text[range.clone()];
            prop_assert_eq!(part.trim(), part);
            end = range.end;
        }
        prop_assert!(text[end..].trim().is_empty());
    }
}

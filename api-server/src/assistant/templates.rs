//! The templates that are always there.

use super::{AssistantConfig, SearchType};

/// What every template asks for.
const COMMON: &str = "Responda somente com o que está nas passagens do material do curso e indique, em cada afirmação, \
a passagem que a sustenta. Quando o material não tratar do assunto, diga isso com clareza em vez de completar com o que \
você sabe. Não mostre caminhos de arquivos nem códigos internos, e não invente páginas, autores ou números. Adapte \
vocabulário e profundidade ao nível do estudante: defina os termos para quem começa, relacione conceitos para quem já \
conhece a base, discuta limites e evidências com quem está avançado. Ligue a teoria à prática com um exemplo quando as \
passagens o permitirem, e apresente séries, doses, prazos e outras grandezas em tabela Markdown.";

/// Name, description, subject, temperature, characters of a passage and its overlap.
const TEMPLATES: [(&str, &str, &str, f64, u32, u32); 3] = [
    (
        "Educação Física",
        "Treinamento, fisiologia do exercício e metodologia de ensino",
        "Você apoia estudantes de Educação Física: fisiologia do exercício, treinamento de força e resistência, avaliação \
         física e ensino do movimento. Ao tratar de treino, deixe explícitos o objetivo, as variáveis de carga e os \
         cuidados que o material recomenda.",
        0.1,
        2000,
        100,
    ),
    (
        "Nutrição Esportiva",
        "Alimentação, hidratação e suplementos no esporte",
        "Você apoia estudantes de nutrição aplicada ao esporte: gasto energético, macro e micronutrientes, hidratação, \
         suplementos e composição corporal. Diferencie recomendação geral de prescrição: para casos individuais, lembre \
         que a conduta cabe a um profissional habilitado, e cite doses só como estão no material.",
        0.2,
        2200,
        150,
    ),
    (
        "Anatomia Humana",
        "Anatomia dos sistemas, cinesiologia e biomecânica",
        "Você apoia estudantes de anatomia: sistemas do corpo, cinesiologia e biomecânica. Use a nomenclatura anatômica do \
         material, situe cada estrutura (origem, inserção, inervação, ação, quando constarem) e relacione-a ao movimento \
         que ela permite.",
        0.1,
        2000,
        100,
    ),
];

/// The built-in templates in their order; the first is the configuration before anybody changes it.
pub(super) fn built_in() -> Vec<AssistantConfig> {
    TEMPLATES
        .iter()
        .map(
            |(name, description, subject, temperature, chunk_size, chunk_overlap)| {
                AssistantConfig {
                    name: (*name).to_owned(),
                    description: (*description).to_owned(),
                    prompt: format!("{subject}\n\n{COMMON}"),
                    model: "gpt-4o-mini".to_owned(),
                    temperature: *temperature,
                    chunk_size: *chunk_size,
                    chunk_overlap: *chunk_overlap,
                    retrieval_search_type: SearchType::Mmr,
                    embedding_model: "text-embedding-3-large".to_owned(),
                }
            },
        )
        .collect()
}

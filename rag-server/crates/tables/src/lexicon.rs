//! Words of questions: what they ask for, and words that mean the same. Portuguese and English, folded.

use std::collections::HashMap;
use std::sync::OnceLock;

use crate::words::{Word, stem};

/// What a word of a question does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Does {
    /// Nothing: articles, prepositions, politeness.
    Nothing,
    Count,
    Sum,
    /// `total`: a sum, or a count when what is asked about cannot be summed.
    Total,
    Mean,
    Max,
    Min,
    /// `mais faltas`: greatest, without saying of what kind.
    More,
    Fewer,
    /// `mais caro`: greatest of a column with this meaning.
    MaxOf(&'static str),
    MinOf(&'static str),
    Greater,
    AtLeast,
    Less,
    AtMost,
    Equal,
    Between,
    /// `7 ou mais`
    OrMore,
    OrLess,
    And,
    Or,
    Not,
    /// `sem`
    Without,
    /// `por`, `para cada`
    By,
    Who,
    What,
    List,
    HowMuch,
    When,
    Where,
    /// What goes on around the data: `aula de Cálculo`. Never what is counted.
    Context,
    /// `nota` before the name of a column of numbers.
    Measure,
    Top,
    Difference,
    /// Rows, records.
    Rows,
    Distinct,
    Descending,
    Ascending,
}

/// Phrases, longest first among those that begin alike.
const PHRASES: &[(Does, &str)] = &[
    (
        Does::Count,
        "quantos|quantas|quantas vezes|how many times|quantidade de|qtd de|numero de|contagem de|contagem|conte|contar|conta quantos|qual o numero de|\
         quantidade total de|numero total de|how many|number of|count of|count|total number of|qual e a quantidade de",
    ),
    (
        Does::Sum,
        "soma|somar|some|somatorio|somatoria|somando|somados|somadas|somam|sum|add up|somatorio total|soma total|total sum|acumulado|acumulada|somou|sum of",
    ),
    (
        Does::Total,
        "total|totais|ao todo|no total|em total|totaliza|totalizam|totalizou|totals|in total|altogether|overall|juntos|juntas|total geral|\
         combined|all together",
    ),
    (
        Does::Mean,
        "media|medias|em media|medio|medios|media|medias|media de|media aritmetica|na media|average|mean|on average|avg|promedio|\
         media geral",
    ),
    (
        Does::Max,
        "maior|maiores|maxima|maximo|maximas|maximos|mais alto|mais alta|mais altos|mais altas|melhor|melhores|highest|largest|\
         greatest|biggest|maximum|max|best|top score|mais elevado|mais elevada|mais elevados|mais elevadas|recorde|mais grande|pico",
    ),
    (
        Does::Min,
        "menor|menores|minima|minimo|minimas|minimos|mais baixo|mais baixa|mais baixos|mais baixas|pior|piores|lowest|\
         smallest|minimum|min|worst|least|mais reduzido|mais reduzida",
    ),
    (Does::More, "mais|most|more"),
    (Does::Fewer, "menos|fewest|fewer"),
    (
        Does::MaxOf("preco"),
        "mais caro|mais cara|mais caros|mais caras|most expensive|priciest",
    ),
    (
        Does::MinOf("preco"),
        "mais barato|mais barata|mais baratos|mais baratas|cheapest|least expensive|mais em conta",
    ),
    (
        Does::MaxOf("data"),
        "mais recente|mais recentes|latest|most recent|newest",
    ),
    (
        Does::MinOf("data"),
        "mais antigo|mais antiga|mais antigos|mais antigas|earliest",
    ),
    (
        Does::MaxOf("peso"),
        "mais pesado|mais pesada|mais pesados|mais pesadas|heaviest",
    ),
    (Does::MinOf("peso"), "mais leve|mais leves|lightest"),
    (
        Does::MaxOf("duracao"),
        "mais longo|mais longa|mais longos|mais longas|mais demorado|mais demorada|longest",
    ),
    (
        Does::MinOf("duracao"),
        "mais curto|mais curta|mais curtos|mais curtas|mais rapido|mais rapida|shortest",
    ),
    (
        Does::MaxOf("idade"),
        "mais velho|mais velha|mais velhos|mais velhas|oldest",
    ),
    (
        Does::MinOf("idade"),
        "mais novo|mais nova|mais novos|mais novas|mais jovem|mais jovens|youngest",
    ),
    (
        Does::MaxOf("caloria"),
        "mais calorico|mais calorica|mais caloricos|mais caloricas",
    ),
    (
        Does::MinOf("caloria"),
        "menos calorico|menos calorica|menos caloricos|menos caloricas",
    ),
    (
        Does::Greater,
        "maior que|maior do que|maiores que|maiores do que|acima de|acima da|acima do|acima dos|acima das|superior a|superiores a|\
         mais de|mais que|mais do que|passa de|passam de|passou de|passaram de|ultrapassa|ultrapassam|ultrapassou|ultrapassaram|excede|excedem|supera|superam|superou|\
         superaram|alem de|above|over|more than|greater than|higher than|exceeding|exceeds|exceed|bigger than|depois de|\
         depois do|depois da|depois das|apos|apos as|apos o|apos a|after|later than|posterior a|posteriores a|>|melhor que|melhor do que|acima|mais alto que|mais alta que|mais caro que|mais caros que|mais cara que|mais caras que",
    ),
    (
        Does::AtLeast,
        "pelo menos|no minimo|ao menos|a partir de|a partir do|a partir da|a partir das|desde|maior ou igual a|maiores ou iguais a|\
         at least|no less than|since|from|starting|starting from|minimo de|>=|≥|igual ou superior a|igual ou maior que|igual ou acima de|\
         nao inferior a|desde o|desde a|a contar de|chegou a|chegaram a|atingiu|atingiram|alcancou|alcancaram",
    ),
    (
        Does::Less,
        "menor que|menor do que|menores que|menores do que|abaixo de|abaixo da|abaixo do|abaixo dos|abaixo das|inferior a|\
         inferiores a|menos de|menos que|menos do que|below|under|less than|lower than|fewer than|smaller than|antes de|\
         antes do|antes da|antes das|before|earlier than|anterior a|anteriores a|nao chega a|nao chegam a|nao chegou a|nao chegaram a|nao atingiu|\
         nao atingiram|nao alcancou|nao alcancaram|<|pior que|abaixo|mais baixo que|mais barato que|mais baratos que|mais barata que|mais baratas que",
    ),
    (
        Does::AtMost,
        "ate|no maximo|menor ou igual a|menores ou iguais a|at most|up to|no more than|until|till|maximo de|<=|≤|\
         ate o|ate a|ate as|ate o dia|igual ou inferior a|igual ou menor que|igual ou abaixo de|nao mais de|nao mais que|nao superior a|by the end of",
    ),
    (
        Does::Equal,
        "igual a|iguais a|exatamente|exactly|equal to|equals|=|igual|precisamente",
    ),
    (
        Does::Between,
        "entre|between|de entre|na faixa de|no intervalo de",
    ),
    (
        Does::OrMore,
        "ou mais|ou maior|ou superior|or more|or higher|or above|or greater|para cima|pra cima|em diante|or later|ou maiores|or over",
    ),
    (
        Does::OrLess,
        "ou menos|ou menor|ou inferior|or less|or lower|or below|or fewer|para baixo|pra baixo|ou menores|or under",
    ),
    (
        Does::And,
        "e|and|,|;|e tambem|mas|bem como|but|and also|e que|mais o|e ainda",
    ),
    (Does::Or, "ou|or|ou entao|nem|nor|ou seja"),
    (
        Does::Not,
        "nao|not|exceto|except|fora|excluindo|excluding|menos os|menos as|tirando|sem ser|sem contar|nao sendo|nao e|nao sao|\
         don't|doesn't|isn't|aren't|didn't|diferente de|diferentes de|com excecao de|com excecao da|com excecao do|desconsiderando|ignorando|sem incluir|other than|exceto os|exceto as|que nao|nunca|never|exceto a|exceto o|dont|doesnt|isnt|arent|didnt|nao foi|nao foram|nao esta|nao estao",
    ),
    (
        Does::Without,
        "sem|without|sem nenhum|sem nenhuma|sem qualquer",
    ),
    (
        Does::By,
        "por|para cada|de cada|em cada|cada|a cada|by|per|for each|each|in each|agrupado por|agrupada por|agrupados por|agrupadas por|separado por|\
         separada por|separados por|separadas por|dividido por|dividida por|de acordo com|conforme|segundo cada|grouped by|for every|every|broken down by|por cada|discriminado por|discriminada por|split by",
    ),
    (Does::Who, "quem|who|whose"),
    (
        Does::What,
        "qual|quais|que|what|which|qual e|qual foi|quais sao|quais foram|qual o|qual a|qual era|o que",
    ),
    (
        Does::List,
        "liste|listar|lista de|lista com|lista|me liste|relacione|relacao de|mostre|mostrar|mostra|exiba|exibir|enumere|list|show|show me|give me|\
         list all|apresente|me de|traga|traz|me traga|nomeie|enumerate|display|cite|indique|me mostre|me passe|passe|name all|nome de todos|nomes de todos|me diz quais|aponte|indicar|citar|listagem de|listagem",
    ),
    (Does::HowMuch, "quanto|how much|quanto e|quanto foi"),
    (
        Does::When,
        "quando|em que dia|em que data|qual o dia|qual a data|when|que dia|what day|what date|on what date",
    ),
    (
        Does::Where,
        "onde|em que lugar|em que local|where|em qual local|em qual lugar",
    ),
    (
        Does::Measure,
        "valor|valores|value|values|resultado|resultados|nota|notas|grade|grades|score|scores|pontuacao|pontuacoes|marks|mark|coluna|column|campo",
    ),
    (
        Does::Context,
        "aula|aulas|class|lesson|lessons|vezes|encontro|encontros|curso|cursos",
    ),
    (Does::Top, "top|ranking|ranking dos|ranking das|podio"),
    (
        Does::Difference,
        "diferenca|diferenca entre|difference|difference between|quanto a mais|quanto mais|compare|comparar|comparacao|comparando|compara|comparison|comparison between|versus|vs|x|how much more|how many more|quantos a mais|quantas a mais|quanto a menos|comparativo|comparativo entre|comparacao entre|quantos pontos a mais",
    ),
    (
        Does::Rows,
        "linhas|linha|registros|registro|rows|row|records|record|entradas|entries|entry|itens|item|items|lancamentos|lancamento|ocorrencias|ocorrencia",
    ),
    (
        Does::Distinct,
        "distintos|distintas|diferentes|distinct|different|unicos|unicas|unique",
    ),
    (
        Does::Descending,
        "em ordem decrescente de|em ordem decrescente|do maior para o menor|da maior para a menor|decrescente|descending|in descending order of|ordem decrescente",
    ),
    (
        Does::Ascending,
        "em ordem crescente de|em ordem crescente|do menor para o maior|da menor para a maior|ordenados por|ordenadas por|ordenado por|ordenada por|ordene por|em ordem de|sorted by|ordered by|crescente|ascending",
    ),
    (
        Does::Nothing,
        "por favor|please|me diga|me diz|diga me|diga|gostaria de saber|quero saber|queria saber|preciso saber|voce sabe|sabe me dizer|pode me dizer|poderia me dizer|\
         poderia|pode|consegue|existem|existe|ha|tem|teve|tiveram|possuem|possui|temos|tivemos|houve|tenha|tenham|tinha|tinham|com|foi|foram|sao|eram|era|ser|esta|estao|estava|estavam|\
         seja|sejam|fica|ficam|ficou|ficaram|tirou|tiraram|obteve|obtiveram|recebeu|receberam|conseguiu|conseguiram|fez|fizeram|apresenta|apresentam|numero|planilha|aba|tabela|sheet|table|\
         spreadsheet|worksheet|workbook|arquivo|lista|dados|data|todos|todas|todo|toda|all|ai|la|nome|nomes|name|names|is|are|was|were|has|have|had|do|does|did|got|get|gets|there|any|me|mim|nos|tell|can|could|you|would|like|know|i|want|need|to|be|been|\
         pelos|pelas|pelo|pela|dentro|within|cada um|cada uma|uns|umas|algum|alguns|alguma|algumas|seu|sua|seus|suas|aquele|aqueles|aquelas|aquela|este|esse|essa|esta|isso|\
         oi|ola|bom|dia|bom dia|boa tarde|boa noite|professor ajuda|ok|obrigado|obrigada|entao|ja|mesmo|apenas|somente|so|only|just|achar|encontre|encontrar|find|calcule|calcular|calculate|compute|informe|informar|determine|descubra|saber|ver|veja|ajuda|ajude|\
         que tem|que tiveram|que teve|que tiraram|that have|who have|with|como|sendo|sobre|about|referente|referentes|registrado|registrada|registrados|registradas|cadastrado|cadastrada|cadastrados|cadastradas|constam|consta|aparecem|aparece|recorded|listed|listado|listados|listadas|na lista|ai na planilha|aqui|here|igualmente|forma de|formas de|modo de|tipo de|\
         fala|fale|me fala|me fale|me conta|me conte|conta pra mim|sera|seria|seriam|tipo assim|favor|help|mora em|eu|faco|fazem|faz|fazer|feito|feita|feitos|feitas|usado|usada|usados|usadas|uso|usam|usar|mora|moram|vive|vivem|trabalha|trabalham|atua|atuam|atuou|atuaram|\
         cujo|cuja|cujos|cujas|vem|veio|vieram|acontece|acontecem|ocorre|ocorrem|da|dao|work|works|scored|score|got|earn|earns|there|their|its|realizado|realizada|realizados|realizadas|\
         pessoas|pessoa|people|se|quero|vou|deu|deram|exactly what|s|em que|no que|na qual|no qual|nos quais|nas quais",
    ),
];

/// Words that mean the same in the heads of columns. Groups overlap: `valor` is a price here and an amount there.
const SYNONYMS: &[&str] = &[
    "aluno estudante discente alunos student pupil aluna learner academico",
    "nota notas grade score pontuacao mark desempenho",
    "turma classe class",
    "professor docente professora teacher instrutor instructor prof lecturer",
    "disciplina materia subject course curso componente",
    "preco custo valor price cost custa custam custar custou",
    "quantidade qtd qtde quantity unidades estoque qty amount",
    "estoque stock inventario saldo inventory",
    "produto item artigo product mercadoria itens",
    "categoria tipo grupo category type classe",
    "data dia date",
    "exercicio exercise movimento",
    "serie sets set series",
    "repeticao reps rep repetitions repetition",
    "carga peso weight load pesa",
    "descanso intervalo pausa rest",
    "grupo musculo muscular muscle",
    "falta ausencia absence faltou faltaram faltar absences",
    "presenca comparecimento presente",
    "frequencia assiduidade attendance",
    "sala local lugar room location place laboratorio",
    "horario hora time inicio comeca start starts comecam begins inicia",
    "fim termino end termina ends terminam",
    "cidade municipio city town",
    "estado uf state",
    "funcionario colaborador employee empregado servidor",
    "vendedor seller salesperson vendedora atendente",
    "cliente customer comprador client freguesa",
    "fornecedor supplier vendor",
    "despesa gasto expense spending despesas gastos gasta gastas gastou gastaram gastamos spent",
    "valor montante amount custo value",
    "receita entrada faturamento revenue income recebido recebida recebidos recebemos recebeu receberam arrecadado arrecadamos",
    "venda sales sale vendido vendida vendidos vendidas vendeu venderam vendemos sold vendas",
    "alimento comida food",
    "caloria kcal calories energia energetico calorico calory",
    "proteina protein",
    "carboidrato carbs carb carbohydrate",
    "gordura fat lipidio",
    "idade anos age velho",
    "nome name",
    "status situacao",
    "situacao resultado",
    "duracao tempo duration dura duram",
    "mes month",
    "ano year",
    "responsavel encarregado responsible",
    "autor autora author escritor",
    "livro titulo obra book title",
    "atividade tarefa task activity",
    "projeto project",
    "departamento setor area department sector",
    "salario remuneracao salary pay ganha ganham wage",
    "altura height",
    "distancia distance percurso",
    "refeicao meal",
    "prazo entrega deadline vencimento",
    "equipamento aparelho maquina equipment",
    "pontos pontuacao points",
    "bimestre trimestre semestre",
    "prova avaliacao exame exam test",
    "trabalho assignment seminario",
    "nascimento nasceu nasceram nascido nascidos nascida born birth",
    "validade vence vencem vencimento expira expiram expiry",
    "pagamento pago paga pagos pagas payment paid",
    "professor leciona lecionam ministra ministram ensina ensinam ministrada ministradas teaches",
    "admissao contratacao contratado contratados admitido admitidos hired hire",
    "aula lesson encontro",
    "palestra talk apresentacao",
    "porcao portion",
    "formato",
];

/// Kinds of what is flowing, summed when one asks how much of it.
const FLOWS: &str = "gasto gastou gastaram gastamos gastos vendido vendidos vendida vendidas vendeu venderam vendemos sold spent spend pago pagos pagou pagamos recebido recebidos arrecadado arrecadados arrecadou arrecadamos recebemos recebeu receberam recebida received faturado faturou faturamos comprado comprados comprou investido investiu consumido consumiu percorrido";

struct Lexicon {
    /// First word → phrases that begin with it, longest first.
    phrases: HashMap<&'static str, Vec<(Vec<&'static str>, Does)>>,
    /// Stem → groups.
    synonyms: HashMap<String, Vec<usize>>,
}

fn lexicon() -> &'static Lexicon {
    static LEXICON: OnceLock<Lexicon> = OnceLock::new();
    LEXICON.get_or_init(|| {
        let mut phrases: HashMap<&'static str, Vec<(Vec<&'static str>, Does)>> = HashMap::new();
        for (does, list) in PHRASES {
            for phrase in list.split('|') {
                let words: Vec<&'static str> = phrase.split_whitespace().collect();
                if let Some(first) = words.first() {
                    let same = phrases.entry(first).or_default();
                    if !same
                        .iter()
                        .any(|(known, other)| *known == words && other == does)
                    {
                        same.push((words, *does));
                    }
                }
            }
        }
        let mut synonyms: HashMap<String, Vec<usize>> = HashMap::new();
        for (group, list) in SYNONYMS.iter().enumerate() {
            for word in list.split_whitespace() {
                let groups = synonyms.entry(stem(word)).or_default();
                if !groups.contains(&group) {
                    groups.push(group);
                }
            }
        }
        Lexicon { phrases, synonyms }
    })
}

/// What the words from `at` on do: the longest phrase, in every meaning it has, and how many words it takes.
pub(crate) fn phrase(words: &[Word], at: usize) -> Vec<(Does, usize)> {
    let Some(first) = words.get(at) else {
        return Vec::new();
    };
    let Some(known) = lexicon().phrases.get(first.folded.as_str()) else {
        return if is_light(&first.folded) {
            vec![(Does::Nothing, 1)]
        } else {
            Vec::new()
        };
    };
    let matching = || {
        known.iter().filter(|(phrase, _)| {
            phrase.iter().enumerate().all(|(offset, word)| {
                words
                    .get(at + offset)
                    .is_some_and(|own| own.folded == *word)
            })
        })
    };
    let longest = matching()
        .map(|(phrase, _)| phrase.len())
        .max()
        .unwrap_or(0);
    let mut found: Vec<(Does, usize)> = matching()
        .filter(|(phrase, _)| phrase.len() == longest)
        .map(|(_, does)| (*does, longest))
        .collect();
    if found.is_empty() && is_light(&first.folded) {
        found.push((Does::Nothing, 1));
    }
    found
}

/// Articles, prepositions and the like, which no column is named by.
pub(crate) fn is_light(folded: &str) -> bool {
    matches!(
        folded,
        "a" | "o"
            | "as"
            | "os"
            | "um"
            | "uma"
            | "de"
            | "do"
            | "da"
            | "dos"
            | "das"
            | "em"
            | "no"
            | "na"
            | "nos"
            | "nas"
            | "ao"
            | "aos"
            | "para"
            | "pra"
            | "com"
            | "the"
            | "of"
            | "in"
            | "on"
            | "at"
            | "an"
            | "for"
            | "num"
            | "numa"
            | "pelo"
            | "pela"
            | "e"
            | "se"
            | "dele"
            | "dela"
            | "deles"
            | "delas"
            | "is"
            | "s"
            | "$"
            | "à"
    )
}

/// Two stems name the same thing.
pub(crate) fn synonyms(one: &str, other: &str) -> bool {
    let groups = &lexicon().synonyms;
    match (groups.get(one), groups.get(other)) {
        (Some(one), Some(other)) => one.iter().any(|group| other.contains(group)),
        _ => false,
    }
}

/// A stem that speaks of days and hours: `vence`, `nasceu`. Other synonyms never mean a column of dates.
pub(crate) fn is_of_time(word: &str) -> bool {
    [
        "data",
        "nascimento",
        "validade",
        "admissao",
        "prazo",
        "horario",
        "fim",
        "mes",
        "ano",
    ]
    .iter()
    .any(|time| synonyms(word, &stem(time)))
}

/// A word for what adds up over time.
pub(crate) fn is_flow(folded: &str) -> bool {
    FLOWS.split(' ').any(|flow| flow == folded)
}

/// A question in English.
pub(crate) fn is_english(words: &[Word]) -> bool {
    let count = |list: &[&str]| {
        words
            .iter()
            .filter(|word| list.contains(&word.folded.as_str()))
            .count()
    };
    let english = count(&[
        "the", "what", "which", "who", "how", "many", "much", "is", "are", "was", "were", "of",
        "in", "list", "show", "average", "highest", "lowest", "between", "with", "by", "does",
        "did", "and", "for", "have", "has", "than", "all",
    ]);
    let portuguese = count(&[
        "o", "a", "os", "as", "de", "do", "da", "dos", "das", "em", "no", "na", "qual", "quais",
        "que", "quem", "quantos", "quantas", "quanto", "media", "soma", "liste", "com", "por",
        "entre", "foi", "tem", "e", "para", "mais", "menor", "maior",
    ]);
    english > portuguese
}

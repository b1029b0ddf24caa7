//! Words and phrases that do something in a question.

use super::Does;

/// Phrases, longest first among those that begin alike.
pub(super) const PHRASES: &[(Does, &str)] = &[
    (
        Does::Count,
        "quantos|quantas|por quantos|por quantas|com quantos|com quantas|quantas vezes|how many times|quantidade de|qtd de|numero de|contagem de|contagem|conte|contar|conta quantos|qual o numero de|\
         quantidade total de|numero total de|how many|number of|count of|count|total number of|qual e a quantidade de",
    ),
    (
        Does::Sum,
        "acumulou|acumularam|somou|somaram|totalize|totalizar|some tudo|juntando|soma|somar|some|somatorio|somatoria|somando|somados|somadas|somam|sum|add up|somatorio total|soma total|total sum|acumulado|acumulada|somou|sum of",
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
        "primeiro lugar|primeiros lugares|primeira posicao|primeiras posicoes|campeao em|campea em|campeao|campea|lidera|lideram|lidera o ranking de|liderou|lideraram|lider|lider em|esta na frente|estao na frente|se saiu melhor|se sairam melhor|mandou melhor|mandaram melhor|foi melhor|foram melhor|foram melhores|primeiro colocado|primeira colocada|primeiros colocados|primeiras colocadas|mais bem colocado|mais bem colocada|mais bem colocados|mais bem colocadas|melhor desempenho|melhores desempenhos|primeiros|primeiras|maior|maiores|maxima|maximo|maximas|maximos|mais alto|mais alta|mais altos|mais altas|melhor|melhores|highest|largest|\
         greatest|biggest|maximum|max|best|top score|mais elevado|mais elevada|mais elevados|mais elevadas|recorde|mais grande|pico",
    ),
    (
        Does::Min,
        "ultimo lugar|ultimos lugares|ultima posicao|ultimo colocado|ultima colocada|lanterna|se saiu pior|se sairam pior|foi pior|foram pior|foram piores|menor|menores|minima|minimo|minimas|minimos|mais baixo|mais baixa|mais baixos|mais baixas|pior|piores|lowest|\
         smallest|minimum|min|worst|least|mais reduzido|mais reduzida",
    ),
    (
        Does::More,
        "mais|most|more|campeao de|campea de|recordista de|recordista em",
    ),
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
        Does::MaxOf("duracao distancia"),
        "mais extenso|mais extensa|mais extensos|mais extensas|mais longo|mais longa|mais longos|mais longas|mais demorado|mais demorada|longest",
    ),
    (
        Does::MinOf("duracao distancia"),
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
        "older than|+ de|+ que|mais alto do que|mais cara do que|mais caro do que|later|maior que|maior do que|maiores que|maiores do que|acima de|acima da|acima do|acima dos|acima das|superior a|superiores a|\
         mais de|mais que|mais do que|passa de|passam de|passou de|passaram de|ultrapassa|ultrapassam|ultrapassou|ultrapassaram|excede|excedem|supera|superam|superou|\
         superaram|alem de|above|over|more than|greater than|higher than|exceeding|exceeds|exceed|bigger than|depois de|\
         depois do|depois da|depois das|apos|apos as|apos o|apos a|after|later than|posterior a|posteriores a|>|melhor que|melhor do que|acima|mais alto que|mais alta que|mais caro que|mais caros que|mais cara que|mais caras que",
    ),
    (
        Does::AtLeast,
        "no younger than|not younger than|pelo menos|no minimo|ao menos|a partir de|a partir do|a partir da|a partir das|desde|maior ou igual a|maiores ou iguais a|\
         at least|no less than|since|from|starting|starting from|minimo de|>=|≥|igual ou superior a|igual ou maior que|igual ou acima de|\
         nao inferior a|desde o|desde a|a contar de|chegou a|chegaram a|atingiu|atingiram|alcancou|alcancaram",
    ),
    (
        Does::Less,
        "younger than|menor que|menor do que|menores que|menores do que|abaixo de|abaixo da|abaixo do|abaixo dos|abaixo das|inferior a|\
         inferiores a|menos de|menos que|menos do que|below|under|less than|lower than|fewer than|smaller than|antes de|\
         antes do|antes da|antes das|before|earlier than|anterior a|anteriores a|nao chega a|nao chegam a|nao chegou a|nao chegaram a|nao atingiu|\
         nao atingiram|nao tem nem|nao teve nem|nao tiveram nem|nao chega nem a|nao chegam nem a|nao alcancou|nao alcancaram|<|pior que|abaixo|mais baixo que|mais barato que|mais baratos que|mais barata que|mais baratas que",
    ),
    (
        Does::AtMost,
        "no older than|not older than|ate|ate o fim de|ate o final de|ate o fim do mes de|no maximo|menor ou igual a|menores ou iguais a|at most|up to|no more than|until|till|maximo de|<=|≤|\
         ate o|ate a|ate as|ate o dia|igual ou inferior a|igual ou menor que|igual ou abaixo de|nao mais de|nao mais que|nao superior a|by the end of",
    ),
    (
        Does::Equal,
        "igual a|iguais a|exatamente|exactly|equal to|equals|=|igual|precisamente",
    ),
    (
        Does::Between,
        "dentre|among|entre os meses de|entre o mes de|entre os dias|entre o dia|entre as|entre|between|de entre|na faixa de|no intervalo de",
    ),
    (
        Does::AboveMean,
        "acima da media|acima da media geral|maior que a media|maior do que a media|maiores que a media|maiores do que a media|superior a media|superiores a media|\
         mais alto que a media|mais alta que a media|above average|above the average|above the mean|higher than average|higher than the average",
    ),
    (
        Does::BelowMean,
        "abaixo da media|abaixo da media geral|menor que a media|menor do que a media|menores que a media|menores do que a media|inferior a media|inferiores a media|\
         mais baixo que a media|mais baixa que a media|below average|below the average|below the mean|lower than average|lower than the average",
    ),
    (
        Does::MaxOf("falta"),
        "mais faltoso|mais faltosa|mais faltosos|mais faltosas|mais ausente|mais ausentes",
    ),
    (
        Does::MaxOf("nota"),
        "mais bem avaliado|mais bem avaliada|mais bem avaliados|mais bem avaliadas",
    ),
    (
        Does::OrMore,
        "ou mais tarde|ou depois|or after|or more recent|ou mais|ou maior|ou superior|or more|or higher|or above|or greater|para cima|pra cima|em diante|or later|ou maiores|or over",
    ),
    (
        Does::OrLess,
        "ou mais cedo|ou antes|or before|ou menos|ou menor|ou inferior|or less|or lower|or below|or fewer|para baixo|pra baixo|ou menores|or under",
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
        "nao tem|nao tem nenhum|nao tem nenhuma|nao possui|nao possuem|nao tinha|nao tinham|nao teve|nao tiveram|nao tem qualquer|ainda nao tem|doesn't have|don't have|has no|have no|with no|sem|without|sem nenhum|sem nenhuma|sem qualquer",
    ),
    (
        Does::By,
        "por|para cada|de cada|em cada|cada|a cada|by|per|for each|each|in each|dividindo por|agrupando por|separando por|divididos por|divididas por|quebrado por|quebrada por|quebrados por|quebradas por|agrupado por|agrupada por|agrupados por|agrupadas por|separado por|\
         separada por|separados por|separadas por|dividido por|dividida por|de acordo com|conforme|segundo cada|grouped by|for every|every|broken down by|por cada|discriminado por|discriminada por|split by",
    ),
    (
        Does::Explain,
        "o que e|o que sao|o que foi|o que significa|o que significam|o que quer dizer|o que acontece|o que aconteceu|o que ocorre|o que ocorreu|o que diz|o que dizem|\
         o que mostra|o que cai|o que muda|o que faz|o que faco|o que preciso|o que devo|como|por que|porque|por qual motivo|para que|pra que|para que serve|explique|explica|explicar|resuma|\
         resumo|resumir|descreva|descrever|defina|definir|conceitue|comente|justifique|discuta|analise|why|how do|how does|how should|explain|describe|define|summarize|summarise|how to|how can|\
         pode|podem|posso|podemos|deve|devem|devo|devemos|deveria|precisa|precisam|preciso|precisamos|recomendado|recomendada|recomendados|recomendadas|indicado|indicada|indicados|indicadas|ideal|ideais|\
         necessario|necessaria|necessarios|necessarias|permitido|permitida|permitidos|permitidas|exigido|exigida|exigidos|exigidas|obrigatorio|obrigatoria|should|must|may|recommended|required|allowed|minimo para|minima para|maximo para|maxima para|melhor para|melhores para",
    ),
    (Does::Who, "quem|por quem|de quem|who|whose|whom"),
    (
        Does::What,
        "qual|quais|que|what|which|qual e|qual foi|quais sao|quais foram|qual o|qual a|qual era|o que",
    ),
    (
        Does::List,
        "me passa|me manda|me traz|manda|quero ver|quero uma lista de|quero a lista de|faz uma lista de|faca uma lista de|liste|listar|lista de|lista com|lista|me liste|relacione|relacao de|mostre|mostrar|mostra|exiba|exibir|enumere|list|show|show me|give me|\
         list all|apresente|me de|traga|traz|me traga|nomeie|enumerate|display|cite|indique|me mostre|me passe|passe|name all|nome de todos|nomes de todos|me diz quais|aponte|indicar|citar|listagem de|listagem",
    ),
    (
        Does::HowMuch,
        "quanto da|quanto dao|da quanto|deu quanto|dao quanto|quanto|how much|quanto e|quanto foi",
    ),
    (
        Does::When,
        "quando|ate quando|ate que dia|ate que data|em que dia|em que data|qual o dia|qual a data|when|que dia|what day|what date|on what date",
    ),
    (
        Does::Where,
        "onde|em que lugar|em que local|where|em qual local|em qual lugar",
    ),
    (
        Does::Measure,
        "percentual|porcentagem|indice|nivel|tempo|taxa|medida|montante|pontos|valor|valores|value|values|resultado|resultados|nota|notas|grade|grades|score|scores|pontuacao|pontuacoes|marks|mark|coluna|column|campo",
    ),
    (
        Does::Context,
        "aula|aulas|class|lesson|lessons|vezes|encontro|encontros|curso|cursos",
    ),
    (Does::Top, "top|ranking|ranking dos|ranking das|podio"),
    (
        Does::Difference,
        "a mais que|a mais do que|a menos que|a menos do que|de diferenca|diferenca|diferenca entre|difference|difference between|quanto a mais|quanto mais|compare|comparar|comparacao|comparando|compara|comparison|comparison between|versus|vs|x|how much more|how many more|quantos a mais|quantas a mais|quanto a menos|comparativo|comparativo entre|comparacao entre|quantos pontos a mais",
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
        "everyone|everybody|borrowed|ran|hein|ne|viu|nossa|opa|ei|eita|poxa|puxa|uai|olha so|we|us|our|come|comes|came|completo|completa|inteiro|inteira|por inteiro|coloco|por gentileza|por obsequio|se possivel|se puder|se for possivel|para mim|pra mim|pra gente|queria|gostaria|gostaria de|serao|ocupa|ocupam|ocupou|ocuparam|quebre|divida|separe|agrupe|tirado|tirada|tirados|tiradas|obtido|obtida|obtidos|obtidas|dada|dadas|formado|formada|formados|formadas|composto|composta|ao longo de|ao longo do|ao longo do mes de|durante|durante o mes de|no decorrer de|no correr de|passou com|passaram com|entrou em|entraram em|entrou na|entraram na|entrou no|entraram no|ainda|take place|takes place|happen|happens|happened|held|deve de|devem de|voce pode|voce poderia|voce consegue|vc consegue|pode listar|poderia listar|pode mostrar|consegue listar|consegue me dizer|pode me|poderia me|can you|could you|would you|i would like|galera|pessoal|todo mundo|turma toda|sala toda|classe toda|turma inteira|tudo|vai ser|vao ser|vai ter|vao ter|vai|vao|ir|indo|leva|levam|levou|levaram|pegou|pegaram|pega|pegam|cai|caem|caiu|cairam|oferece|oferecem|sai por|saem por|custa por|matriculado|matriculada|matriculados|matriculadas|inscrito em|pfv|pls|vale|valem|sera que|no mes de|do mes de|mes de|nos meses de|dos meses de|na pratica|ate agora|ate hoje|emprestado|emprestados|emprestada|emprestadas|por favor|please|me diga|me diz|diga me|diga|gostaria de saber|quero saber|queria saber|preciso saber|voce sabe|sabe me dizer|pode me dizer|poderia me dizer|\
         existem|existe|ha|tem|teve|tiveram|possuem|possui|temos|tivemos|houve|tenha|tenham|tinha|tinham|com|foi|foram|sao|eram|era|ser|esta|estao|estava|estavam|\
         seja|sejam|fica|ficam|ficou|ficaram|tirou|tiraram|obteve|obtiveram|recebeu|receberam|conseguiu|conseguiram|fez|fizeram|apresenta|apresentam|numero|planilha|aba|tabela|sheet|table|\
         spreadsheet|worksheet|workbook|arquivo|lista|dados|data|todos|todas|todo|toda|all|ai|la|nome|nomes|name|names|is|are|was|were|has|have|had|do|does|did|got|get|gets|there|any|me|mim|nos|tell|you|like|know|i|want|need|to|be|been|\
         pelos|pelas|pelo|pela|dentro|within|cada um|cada uma|uns|umas|algum|alguns|alguma|algumas|seu|sua|seus|suas|aquele|aqueles|aquelas|aquela|este|esse|essa|esta|isso|\
         oi|ola|bom|dia|bom dia|boa tarde|boa noite|professor ajuda|ok|obrigado|obrigada|entao|ja|mesmo|apenas|somente|so|only|just|achar|encontre|encontrar|find|calcule|calcular|calculate|compute|informe|informar|determine|descubra|saber|ver|veja|ajuda|ajude|\
         que tem|que tiveram|que teve|que tiraram|that have|who have|with|sendo|sobre|about|referente|referentes|registrado|registrada|registrados|registradas|cadastrado|cadastrada|cadastrados|cadastradas|constam|consta|aparecem|aparece|recorded|listed|listado|listados|listadas|na lista|ai na planilha|aqui|here|igualmente|forma de|formas de|modo de|tipo de|\
         fala|fale|me fala|me fale|me conta|me conte|conta pra mim|sera|seria|seriam|tipo assim|favor|help|mora em|eu|faco|fazem|faz|fazer|feito|feita|feitos|feitas|usado|usada|usados|usadas|uso|usam|usar|mora|moram|vive|vivem|trabalha|trabalham|atua|atuam|atuou|atuaram|\
         cujo|cuja|cujos|cujas|vem|veio|vieram|acontece|acontecem|ocorre|ocorrem|da|dao|work|works|scored|score|got|earn|earns|there|their|its|realizado|realizada|realizados|realizadas|\
         pessoas|pessoa|people|se|quero|vou|deu|deram|exactly what|s|em que|no que|na qual|no qual|nos quais|nas quais",
    ),
];

/// Turns of speech, and what they ask for.
pub(super) const TURNS: &[(&str, &str)] = &[("how old", "what age")];

/// Words as people shorten them, and what they stand for.
pub(super) const SHORTENED: &[(&str, &str)] = &[
    ("qto", "quanto"),
    ("qtos", "quantos"),
    ("qta", "quanta"),
    ("qtas", "quantas"),
    ("qnto", "quanto"),
    ("qntos", "quantos"),
    ("qntas", "quantas"),
    ("ql", "qual"),
    ("qd", "quando"),
    ("qdo", "quando"),
    ("vc", "voce"),
    ("vcs", "voces"),
    ("tb", "tambem"),
    ("tbm", "tambem"),
    ("hj", "hoje"),
    ("pq", "porque"),
    ("nro", "numero"),
    ("td", "tudo"),
    ("tds", "todos"),
    ("prof", "professor"),
    ("profa", "professora"),
    ("med", "media"),
    ("dif", "diferenca"),
    ("pf", "favor"),
];

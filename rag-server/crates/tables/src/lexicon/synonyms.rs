//! Words that mean the same.

/// Words that mean the same in the heads of columns. Groups overlap: `valor` is a price here and an amount there.
pub(super) const SYNONYMS: &[&str] = &[
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
    "musculo muscular muscle",
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
    "professor leciona lecionam ministra ministram ensina ensinam ministrada ministradas teaches taught",
    "admissao contratacao contratado contratados admitido admitidos hired hire",
    "aula lesson encontro",
    "palestra talk apresentacao",
    "porcao portion",
    "formato",
    "corrida run race",
    "emprestimo loan",
    "evento event",
    "conta bill",
    "leitor reader",
    "inscrito inscricao enrolled registration",
    "atleta athlete runner",
    "participante participant attendee",
    "multa fine",
    "genero genre gender",
];

/// Roots of verbs of what is flowing, beyond [`FLOWS`].
pub(super) const FLOW_ROOTS: &str =
    "gast pagu receb arrecad fatur compr invest consum percorr corr pedal";

/// What people are called in the heads of columns.
pub(super) const PEOPLE: &str = "professor docente professora aluno estudante responsavel autor autora vendedor cliente funcionario atleta leitor participante palestrante orientador instrutor treinador tecnico monitor coordenador teacher student author seller customer employee";

/// Roots of verbs that say that something is, has or happens.
pub(super) const LIGHT_ROOTS: &str =
    "acontec ocorr oferec apresent contabiliz registr possu exist obtiv consegu";

/// Kinds of what is flowing, summed when one asks how much of it.
pub(super) const FLOWS: &str = "deve devem devo deu deram gasto gastou gastaram gastamos gastos vendido vendidos vendida vendidas vendeu venderam vendemos sold spent spend pago pagos pagou pagamos recebido recebidos arrecadado arrecadados arrecadou arrecadamos recebemos recebeu receberam recebida received faturado faturou faturamos comprado comprados comprou investido investiu consumido consumiu percorrido";

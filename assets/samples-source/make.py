#!/usr/bin/env python3
"""Makes the sample course material in assets/samples. Same input, same bytes: fixed dates, no time stamps.

    python3 -m venv /tmp/samples && /tmp/samples/bin/pip install \
        reportlab==5.1.0 xlsxwriter==3.3.1 python-pptx==1.0.2
    /tmp/samples/bin/python assets/samples-source/make.py

All text is our own; what it states is common knowledge of the fields or taken from the public sources it
names. No persons are invented: students appear as enrolment numbers.
"""

import datetime
import io
import pathlib
import zipfile

import xlsxwriter
from pptx import Presentation
from pptx.util import Pt
from reportlab.lib import colors
from reportlab.lib.enums import TA_JUSTIFY
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import cm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import (
    ListFlowable,
    ListItem,
    PageBreak,
    Paragraph,
    SimpleDocTemplate,
    Spacer,
    Table,
    TableStyle,
)

HERE = pathlib.Path(__file__).parent.parent / "samples"
DATE = datetime.datetime(2025, 3, 3, 8, 0, 0)

# Bitstream Vera comes with reportlab and is embedded; Helvetica is one of the standard fonts that are not.
for name, file in (("Vera", "Vera.ttf"), ("Vera-Bold", "VeraBd.ttf"), ("Vera-Italic", "VeraIt.ttf")):
    pdfmetrics.registerFont(TTFont(name, file))
pdfmetrics.registerFontFamily("Vera", normal="Vera", bold="Vera-Bold", italic="Vera-Italic")


class Handout:
    """A PDF in the making: headings, paragraphs, lists and tables, one call each."""

    def __init__(self, file, title, running_head, font):
        self.file, self.title, self.running_head, self.font = file, title, running_head, font
        bold = f"{font}-Bold"
        self.styles = {
            "title": ParagraphStyle("title", fontName=bold, fontSize=20, leading=25, spaceAfter=6),
            "subtitle": ParagraphStyle("subtitle", fontName=font, fontSize=11.5, leading=16, spaceAfter=16),
            "h1": ParagraphStyle("h1", fontName=bold, fontSize=14.5, leading=19, spaceBefore=12, spaceAfter=6),
            "h2": ParagraphStyle("h2", fontName=bold, fontSize=12, leading=16, spaceBefore=9, spaceAfter=4),
            "text": ParagraphStyle(
                "text", fontName=font, fontSize=10.5, leading=15, spaceAfter=7, alignment=TA_JUSTIFY
            ),
            "caption": ParagraphStyle("caption", fontName=bold, fontSize=9.5, leading=13, spaceBefore=6, spaceAfter=4),
            "cell": ParagraphStyle("cell", fontName=font, fontSize=9.5, leading=12.5),
            "head": ParagraphStyle("head", fontName=bold, fontSize=9.5, leading=12.5),
            "small": ParagraphStyle("small", fontName=font, fontSize=9, leading=12.5, spaceAfter=4),
        }
        self.story = []

    def add(self, style, text):
        self.story.append(Paragraph(text, self.styles[style]))

    def text(self, *paragraphs):
        for paragraph in paragraphs:
            self.add("text", paragraph)

    def items(self, *entries, numbered=False):
        items = [ListItem(Paragraph(entry, self.styles["text"]), leftIndent=18) for entry in entries]
        kind = {"bulletType": "1", "bulletFormat": "%s."} if numbered else {"bulletType": "bullet", "start": "•"}
        self.story.append(ListFlowable(items, bulletFontName=self.font, bulletFontSize=10.5, **kind))

    def table(self, caption, rows, widths):
        self.add("caption", caption)
        cells = [
            [Paragraph(cell, self.styles["head" if row == 0 else "cell"]) for cell in line]
            for row, line in enumerate(rows)
        ]
        grid = Table(cells, colWidths=[width * cm for width in widths], repeatRows=1)
        grid.setStyle(
            TableStyle(
                [
                    ("GRID", (0, 0), (-1, -1), 0.5, colors.HexColor("#888888")),
                    ("BACKGROUND", (0, 0), (-1, 0), colors.HexColor("#e6ebf2")),
                    ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
                ]
            )
        )
        self.story += [grid, Spacer(1, 10)]

    def page(self):
        self.story.append(PageBreak())

    def save(self):
        def furniture(canvas, document):
            canvas.saveState()
            canvas.setFont(self.font, 8)
            canvas.setFillColor(colors.HexColor("#555555"))
            canvas.drawString(2.5 * cm, A4[1] - 1.4 * cm, self.running_head)
            canvas.drawRightString(A4[0] - 2.5 * cm, 1.3 * cm, f"Página {document.page}")
            canvas.restoreState()

        SimpleDocTemplate(
            str(HERE / self.file),
            pagesize=A4,
            leftMargin=2.5 * cm,
            rightMargin=2.5 * cm,
            topMargin=2.2 * cm,
            bottomMargin=2.2 * cm,
            title=self.title,
            author="Material de exemplo do Acervo",
            lang="pt-BR",
            invariant=1,
        ).build(self.story, onFirstPage=furniture, onLaterPages=furniture)


def hypertrophy():
    pdf = Handout(
        "fisiologia-aula-03-hipertrofia.pdf",
        "Introdução à fisiologia do exercício — Aula 03: hipertrofia muscular",
        "Introdução à fisiologia do exercício — Aula 03",
        "Vera",
    )
    pdf.add("title", "Aula 03: hipertrofia muscular")
    pdf.add("subtitle", "Introdução à fisiologia do exercício — material de apoio, 1º semestre")
    pdf.add("h1", "1. O que é hipertrofia")
    pdf.text(
        "Hipertrofia muscular é o aumento da área de secção transversa do músculo, resultado do crescimento das "
        "fibras musculares que ele já possui. Não se deve confundi-la com a hiperplasia, que é o aumento do "
        "<i>número</i> de fibras e cuja ocorrência em seres humanos adultos ainda não foi demonstrada de modo "
        "convincente.",
        "O crescimento depende do saldo entre duas taxas: a síntese e a degradação de proteínas musculares. "
        "Quando, ao longo de semanas, a síntese supera a degradação, a fibra acumula proteínas contráteis — "
        "actina e miosina — e aumenta de diâmetro. Depois de uma sessão de treino de força, a síntese proteica "
        "permanece elevada por cerca de 24 a 48 horas, e o efeito dura menos em pessoas já treinadas.",
    )
    pdf.add("h2", "1.1 Objetivos da aula")
    pdf.items(
        "definir hipertrofia e distingui-la de hiperplasia;",
        "descrever os estímulos que a provocam;",
        "relacionar volume, intensidade e descanso com o resultado do treino;",
        "explicar por que a força aumenta antes do tamanho do músculo.",
    )
    pdf.add("h2", "1.2 Tipos de fibra")
    pdf.text(
        "As fibras do tipo I são lentas, resistentes à fadiga e ricas em mitocôndrias. As do tipo II são rápidas, "
        "produzem mais força e têm maior potencial de crescimento. Ambos os tipos crescem com o treino de força, "
        "mas, em geral, as fibras do tipo II crescem mais.",
    )
    pdf.page()
    pdf.add("h1", "2. Os estímulos")
    pdf.text(
        "A literatura descreve três estímulos ligados à hipertrofia (Schoenfeld, 2010). O mais importante deles é "
        "a tensão mecânica: a força que a fibra produz e suporta ao contrair contra uma resistência.",
    )
    pdf.items(
        "<b>Tensão mecânica.</b> Sensores da membrana e do citoesqueleto convertem a carga em sinais químicos que "
        "ativam a via mTORC1 e, com ela, a síntese de proteínas.",
        "<b>Estresse metabólico.</b> O acúmulo de lactato, íons de hidrogênio e fosfato inorgânico durante séries "
        "longas aumenta o recrutamento de fibras; seu papel próprio ainda é discutido.",
        "<b>Dano muscular.</b> Microlesões, mais frequentes na fase excêntrica, desencadeiam reparo. O dano não é "
        "condição para crescer, e em excesso atrasa a recuperação.",
    )
    pdf.add("h2", "2.1 Células-satélite")
    pdf.text(
        "As células-satélite ficam entre a membrana da fibra e a lâmina basal. Ativadas pelo treino, multiplicam-se e "
        "se fundem à fibra, à qual doam novos núcleos. Mais núcleos permitem manter a produção de proteínas em uma "
        "fibra maior.",
    )
    pdf.add("h2", "2.2 Por que a força aumenta antes")
    pdf.text(
        "Nas primeiras semanas de treino o ganho de força vem sobretudo de adaptações neurais: recrutamento de mais "
        "unidades motoras, maior frequência de disparo e menor coativação dos antagonistas. O aumento "
        "mensurável do músculo costuma aparecer depois de seis a oito semanas.",
    )
    pdf.page()
    pdf.add("h1", "3. Variáveis do treino")
    pdf.text(
        "O volume é o número de séries por grupo muscular por semana. Uma meta-análise de 2017 encontrou relação de "
        "dose e resposta: dez ou mais séries semanais por grupo muscular produziram mais hipertrofia do que menos de "
        "cinco (Schoenfeld, Ogborn e Krieger, 2017).",
        "Cargas altas e baixas levam a hipertrofia semelhante, desde que as séries cheguem perto da falha muscular. "
        "Para a força máxima, porém, cargas altas são superiores.",
    )
    pdf.table(
        "Tabela 1 – Recomendações por nível de experiência (adaptado de ACSM, 2009)",
        [
            ["Nível", "Frequência semanal", "Intensidade", "Repetições", "Séries por exercício"],
            ["Iniciante", "2 a 3 dias", "70 a 85 % de 1RM", "8 a 12", "1 a 3"],
            ["Intermediário", "3 a 4 dias", "70 a 85 % de 1RM", "8 a 12", "1 a 3"],
            ["Avançado", "4 a 5 dias", "70 a 100 % de 1RM", "1 a 12", "3 a 6"],
        ],
        [2.8, 3.4, 3.6, 2.6, 3.4],
    )
    pdf.add("h2", "3.1 Intervalo de descanso")
    pdf.text(
        "Para exercícios multiarticulares com cargas altas recomenda-se descansar de 2 a 3 minutos entre as séries; "
        "para exercícios monoarticulares, de 1 a 2 minutos. Descansos muito curtos reduzem as repetições das séries "
        "seguintes e, assim, o volume total.",
    )
    pdf.add("h2", "3.2 Progressão")
    pdf.text(
        "O princípio da sobrecarga progressiva diz que o estímulo precisa crescer à medida que o organismo se adapta. "
        "Quando o praticante consegue fazer uma ou duas repetições além do previsto em duas sessões seguidas, "
        "aumenta-se a carga de 2 a 10 %.",
    )
    pdf.page()
    pdf.add("h1", "4. Nutrição e recuperação")
    pdf.text(
        "A ingestão de proteínas potencializa o efeito do treino. Em uma meta-análise de 49 estudos, o ganho de massa "
        "magra deixou de aumentar, em média, a partir de 1,6 g de proteína por quilograma de massa corporal por dia "
        "(Morton et al., 2018). Uma pessoa de 70 kg atinge esse valor com 112 g por dia.",
        "O sono e o intervalo entre sessões do mesmo grupo muscular fazem parte do treino: recomenda-se, em geral, ao "
        "menos 48 horas entre duas sessões intensas para o mesmo grupo.",
    )
    pdf.add("h2", "4.1 Destreino")
    pdf.text(
        "Sem estímulo, o músculo perde massa. A perda, contudo, é mais lenta do que o ganho, e quem já treinou "
        "recupera o tamanho anterior em menos tempo do que levou para alcançá-lo da primeira vez.",
    )
    pdf.add("h1", "5. Questões para estudo")
    pdf.items(
        "Qual é a diferença entre hipertrofia e hiperplasia?",
        "Por que um iniciante fica mais forte antes de ficar com músculos maiores?",
        "Monte uma semana de treino com doze séries para o quadríceps.",
        numbered=True,
    )
    pdf.add("h1", "Referências")
    for reference in (
        "ACSM. Progression models in resistance training for healthy adults. <i>Medicine and Science in Sports and "
        "Exercise</i>, v. 41, n. 3, p. 687-708, 2009.",
        "MORTON, R. W. et al. A systematic review, meta-analysis and meta-regression of the effect of protein "
        "supplementation on resistance training-induced gains in muscle mass and strength in healthy adults. "
        "<i>British Journal of Sports Medicine</i>, v. 52, n. 6, p. 376-384, 2018.",
        "SCHOENFELD, B. J. The mechanisms of muscle hypertrophy and their application to resistance training. "
        "<i>Journal of Strength and Conditioning Research</i>, v. 24, n. 10, p. 2857-2872, 2010.",
        "SCHOENFELD, B. J.; OGBORN, D.; KRIEGER, J. W. Dose-response relationship between weekly resistance training "
        "volume and increases in muscle mass. <i>Journal of Sports Sciences</i>, v. 35, n. 11, p. 1073-1082, 2017.",
    ):
        pdf.add("small", reference)
    pdf.save()


def statistics():
    pdf = Handout(
        "estatistica-aula-02-medidas.pdf",
        "Estatística básica — Aula 2: medidas de posição e de dispersão",
        "Estatística básica — Aula 2",
        "Helvetica",
    )
    pdf.add("title", "Medidas de posição e de dispersão")
    pdf.add("subtitle", "Estatística básica — Aula 2")
    pdf.add("h1", "1. Os dados do exemplo")
    pdf.text(
        "Durante toda a aula usaremos as notas de dez estudantes em uma prova, já em ordem crescente: "
        "4, 5, 6, 6, 7, 7, 7, 8, 9 e 10. Um conjunto assim ordenado chama-se rol.",
        "Medidas de posição dizem em torno de que valor os dados se concentram. Medidas de dispersão dizem o quanto "
        "eles se afastam desse valor. Uma sem a outra engana: duas turmas podem ter a mesma média e ser muito "
        "diferentes.",
    )
    pdf.table(
        "Tabela 1 – Distribuição de frequências das notas",
        [
            ["Nota", "Frequência absoluta", "Frequência relativa", "Frequência acumulada"],
            ["4", "1", "10 %", "10 %"],
            ["5", "1", "10 %", "20 %"],
            ["6", "2", "20 %", "40 %"],
            ["7", "3", "30 %", "70 %"],
            ["8", "1", "10 %", "80 %"],
            ["9", "1", "10 %", "90 %"],
            ["10", "1", "10 %", "100 %"],
        ],
        [2.4, 4.4, 4.4, 4.6],
    )
    pdf.text(
        "Lê-se na tabela, por exemplo, que 70 % dos estudantes tiraram nota menor ou igual a 7.",
    )
    pdf.page()
    pdf.add("h1", "2. Medidas de posição")
    pdf.add("h2", "2.1 Média aritmética")
    pdf.text(
        "A média aritmética é a soma dos valores dividida pela quantidade deles. No exemplo, a soma das dez notas é 69 e "
        "a média é 69 ÷ 10 = 6,9. A média usa todos os valores e, por isso, é sensível a valores extremos.",
    )
    pdf.add("h2", "2.2 Mediana")
    pdf.text(
        "A mediana é o valor que divide o rol em duas partes com a mesma quantidade de dados. Com número par de dados, é a "
        "média dos dois valores centrais. No exemplo, o quinto e o sexto valores são 7 e 7; a mediana é 7. A mediana "
        "quase não muda com valores extremos e por isso descreve melhor distribuições assimétricas, como a de rendas.",
    )
    pdf.add("h2", "2.3 Moda")
    pdf.text(
        "A moda é o valor que mais se repete. No exemplo, a moda é 7, que aparece três vezes. Um conjunto pode ter duas "
        "modas (bimodal), várias (multimodal) ou nenhuma (amodal).",
    )
    pdf.add("h2", "2.4 Quartis")
    pdf.text(
        "Os quartis dividem o rol em quatro partes. Pelo método das medianas das metades, o primeiro quartil do exemplo é "
        "Q1 = 6 e o terceiro é Q3 = 8. A diferença Q3 − Q1 = 2 é a amplitude interquartil, que contém a metade "
        "central dos dados. Outros métodos de cálculo, usados por programas de computador, podem dar valores um pouco "
        "diferentes.".replace("−", "–"),
    )
    pdf.page()
    pdf.add("h1", "3. Medidas de dispersão")
    pdf.add("h2", "3.1 Amplitude")
    pdf.text(
        "A amplitude total é a diferença entre o maior e o menor valor: 10 – 4 = 6. É fácil de calcular, mas depende "
        "apenas de dois dados.",
    )
    pdf.add("h2", "3.2 Variância e desvio-padrão")
    pdf.text(
        "A variância é a média dos quadrados dos desvios em relação à média. Na amostra, divide-se a soma dos quadrados "
        "por n – 1, e não por n, para que a estimativa da variância da população não seja viciada. No exemplo, a soma "
        "dos quadrados dos desvios é 28,9, e a variância amostral é 28,9 ÷ 9 = 3,21.",
        "O desvio-padrão é a raiz quadrada da variância e tem a mesma unidade dos dados. No exemplo, o desvio-padrão "
        "amostral é 1,79 ponto.",
    )
    pdf.add("h2", "3.3 Coeficiente de variação")
    pdf.text(
        "O coeficiente de variação é o desvio-padrão dividido pela média, em porcentagem. Como não tem unidade, permite "
        "comparar a dispersão de grandezas diferentes, como peso e altura. No exemplo, vale 1,79 ÷ 6,9 = 26 %.",
    )
    pdf.table(
        "Tabela 2 – Resumo das medidas do exemplo",
        [
            ["Medida", "Valor", "Sensível a valores extremos?"],
            ["Média", "6,9", "sim"],
            ["Mediana", "7", "pouco"],
            ["Moda", "7", "não"],
            ["Amplitude total", "6", "sim, muito"],
            ["Amplitude interquartil", "2", "pouco"],
            ["Desvio-padrão amostral", "1,79", "sim"],
            ["Coeficiente de variação", "26 %", "sim"],
        ],
        [5.2, 3.0, 6.0],
    )
    pdf.page()
    pdf.add("h1", "4. Usos")
    pdf.add("h2", "4.1 Escore padronizado")
    pdf.text(
        "O escore padronizado, ou escore z, diz a quantos desvios-padrão da média está um valor: subtrai-se a média e "
        "divide-se pelo desvio-padrão. A nota 9 tem escore z = (9 – 6,9) ÷ 1,79 = 1,17: está pouco mais de um "
        "desvio-padrão acima da média.",
    )
    pdf.add("h2", "4.2 Regra empírica")
    pdf.text(
        "Em uma distribuição normal, cerca de 68 % dos valores estão a até um desvio-padrão da média, 95 % a até dois e "
        "99,7 % a até três. A regra não vale para distribuições assimétricas.",
    )
    pdf.add("h2", "4.3 Valores atípicos")
    pdf.text(
        "Um critério usual, o do diagrama de caixa, considera atípico o valor que fica abaixo de Q1 – 1,5 × AIQ ou acima de "
        "Q3 + 1,5 × AIQ, em que AIQ é a amplitude interquartil. No exemplo, os limites são 3 e 11; nenhuma nota é "
        "atípica.",
    )
    pdf.add("h1", "5. Exercícios")
    pdf.items(
        "Acrescente a nota 0 ao conjunto e calcule de novo a média e a mediana. Qual delas mudou mais?",
        "Em que situação a média e a mediana são iguais?",
        "Por que o desvio-padrão é mais usado do que a variância nos relatórios?",
        numbered=True,
    )
    pdf.save()


def laboratory():
    pdf = Handout(
        "regulamento-laboratorio.pdf",
        "Regulamento do Laboratório de Fisiologia do Exercício",
        "Regulamento do Laboratório de Fisiologia do Exercício",
        "Helvetica",
    )
    pdf.add("title", "Regulamento do Laboratório de Fisiologia do Exercício")
    pdf.add("subtitle", "Versão em vigor a partir de 3 de março de 2025")
    pdf.add("h1", "Capítulo I – Do uso")
    pdf.text(
        "Art. 1º O laboratório destina-se às aulas práticas, aos projetos de pesquisa e às atividades de extensão do curso.",
        "Art. 2º O laboratório funciona de segunda a sexta-feira, das 8 h às 18 h. O uso fora desse horário depende de "
        "autorização escrita da coordenação.",
        "Art. 3º Cada aula prática recebe no máximo 20 estudantes, divididos em grupos de até cinco.",
        "Art. 4º A reserva para projetos de pesquisa deve ser feita com antecedência mínima de 48 horas, pelo "
        "formulário próprio, com a lista dos equipamentos a usar.",
        "Parágrafo único. Em caso de conflito, as aulas práticas têm prioridade sobre os projetos de pesquisa, e estes "
        "sobre as atividades de extensão.",
        "Art. 5º Nenhum estudante trabalha sozinho no laboratório: a presença de um docente ou técnico responsável é "
        "obrigatória durante todo o uso.",
    )
    pdf.page()
    pdf.add("h1", "Capítulo II – Da segurança")
    pdf.text(
        "Art. 6º É obrigatório o uso de jaleco de mangas longas, calça comprida e calçado fechado. Cabelos longos devem "
        "estar presos.",
        "Art. 7º É proibido comer, beber, fumar ou aplicar cosméticos no laboratório, bem como guardar alimentos nas "
        "geladeiras de reagentes.",
    )
    pdf.table(
        "Tabela 1 – Equipamentos de proteção por atividade",
        [
            ["Atividade", "Jaleco", "Luvas", "Óculos de proteção", "Observação"],
            ["Coleta de sangue capilar", "sim", "sim", "sim", "lancetas de uso único"],
            ["Teste em esteira", "não", "não", "não", "desfibrilador ligado e à mão"],
            ["Preparo de soluções", "sim", "sim", "sim", "trabalhar na capela"],
            ["Bioimpedância", "não", "não", "não", "limpar os eletrodos com álcool a 70 %"],
        ],
        [4.2, 1.8, 1.8, 3.4, 4.8],
    )
    pdf.text(
        "Art. 8º Resíduos biológicos, do Grupo A, são descartados em saco branco leitoso identificado com o símbolo de "
        "risco infectante, substituído ao atingir dois terços da capacidade ou a cada 48 horas.",
        "Art. 9º Materiais perfurocortantes, do Grupo E, são descartados em recipiente rígido, substituído quando atingir "
        "três quartos da capacidade. É proibido reencapar agulhas (RDC Anvisa nº 222/2018).",
        "Art. 10. Testes de esforço máximo só se realizam com questionário de prontidão respondido, termo de consentimento "
        "assinado e desfibrilador externo automático na sala.",
    )
    pdf.page()
    pdf.add("h1", "Capítulo III – Dos acidentes")
    pdf.text(
        "Art. 11. Todo acidente, mesmo sem ferimento, é comunicado de imediato ao responsável e registrado no livro de "
        "ocorrências em até 24 horas.",
        "Art. 12. Em emergência médica liga-se para o SAMU, telefone 192; em incêndio, para o Corpo de Bombeiros, telefone "
        "193. Os números ficam afixados ao lado da porta.",
        "Art. 13. Em caso de exposição a material biológico, lava-se a área com água e sabão em abundância e procura-se "
        "atendimento de saúde em até duas horas.",
    )
    pdf.add("h1", "Capítulo IV – Das sanções")
    pdf.text(
        "Art. 14. O descumprimento deste regulamento sujeita o infrator, conforme a gravidade, a:",
    )
    pdf.text(
        "I – advertência verbal;",
        "II – advertência escrita;",
        "III – suspensão do acesso por até 15 dias, em caso de reincidência;",
        "IV – encaminhamento ao colegiado do curso.",
        "Art. 15. Quem danificar equipamento por mau uso responde pela reparação.",
        "Art. 16. Os casos omissos são decididos pela coordenação do laboratório.",
    )
    pdf.save()


def book(file, title):
    workbook = xlsxwriter.Workbook(str(HERE / file))
    workbook.set_properties({"title": title, "author": "Material de exemplo do Acervo", "created": DATE})
    return workbook


def training():
    workbook = book("plano-de-treino.xlsx", "Plano de treino de 12 semanas")
    head = workbook.add_format({"bold": True, "bg_color": "#E6EBF2", "border": 1})
    header = ["Exercício", "Grupo muscular", "Séries", "Repetições", "Descanso", "Observação"]
    sheets = {
        "Treino A": [
            ["Supino reto com barra", "Peitoral", 4, "8 a 10", "2 min", "descer a barra até o peito"],
            ["Supino inclinado com halteres", "Peitoral", 3, "8 a 12", "2 min", "banco a 30 graus"],
            ["Crucifixo na máquina", "Peitoral", 3, "12 a 15", "60 s", ""],
            ["Desenvolvimento com halteres", "Ombros", 3, "8 a 12", "90 s", "sentado, com apoio nas costas"],
            ["Elevação lateral", "Ombros", 4, "12 a 15", "60 s", "cotovelos levemente flexionados"],
            ["Tríceps na polia", "Tríceps", 3, "10 a 12", "60 s", ""],
            ["Tríceps testa", "Tríceps", 3, "8 a 12", "90 s", "usar a barra W"],
        ],
        "Treino B": [
            ["Puxada frontal", "Costas", 4, "8 a 10", "2 min", "pegada pronada"],
            ["Remada curvada com barra", "Costas", 4, "8 a 10", "2 min", "coluna neutra"],
            ["Remada baixa", "Costas", 3, "10 a 12", "90 s", ""],
            ["Crucifixo inverso", "Ombros", 3, "12 a 15", "60 s", "parte posterior do ombro"],
            ["Rosca direta", "Bíceps", 3, "8 a 12", "90 s", "barra W"],
            ["Rosca martelo", "Bíceps", 3, "10 a 12", "60 s", ""],
        ],
        "Treino C": [
            ["Agachamento livre", "Quadríceps", 4, "6 a 8", "3 min", "até a coxa ficar paralela ao chão"],
            ["Leg press", "Quadríceps", 3, "10 a 12", "2 min", "45 graus"],
            ["Cadeira extensora", "Quadríceps", 3, "12 a 15", "60 s", ""],
            ["Levantamento terra romeno", "Posteriores da coxa", 4, "8 a 10", "2 min", "joelhos semiflexionados"],
            ["Mesa flexora", "Posteriores da coxa", 3, "10 a 12", "90 s", ""],
            ["Elevação pélvica", "Glúteos", 4, "8 a 12", "2 min", "pausa de 1 s no alto"],
            ["Panturrilha em pé", "Panturrilhas", 5, "12 a 20", "45 s", "amplitude completa"],
        ],
    }
    for name, rows in sheets.items():
        sheet = workbook.add_worksheet(name)
        sheet.set_column("A:A", 32)
        sheet.set_column("B:B", 20)
        sheet.set_column("C:E", 12)
        sheet.set_column("F:F", 36)
        sheet.freeze_panes(1, 0)
        sheet.write_row(0, 0, header, head)
        for line, row in enumerate(rows, start=1):
            sheet.write_row(line, 0, row)
    sheet = workbook.add_worksheet("Progressão")
    sheet.set_column("A:A", 12)
    sheet.set_column("B:D", 24)
    sheet.write_row(0, 0, ["Semana", "Intensidade (% de 1RM)", "Séries por exercício", "Fase"], head)
    for week in range(1, 13):
        phase = "Adaptação" if week <= 3 else "Descarga" if week in (6, 12) else "Acumulação" if week <= 8 else "Intensificação"
        percent = {"Adaptação": 65, "Descarga": 60, "Acumulação": 75, "Intensificação": 82}[phase]
        sets = {"Adaptação": 2, "Descarga": 2, "Acumulação": 4, "Intensificação": 3}[phase]
        sheet.write_row(week, 0, [week, percent, sets, phase])
    workbook.close()


def grades():
    workbook = book("notas-e-horarios.xlsx", "Notas e horários — Estatística básica")
    title = workbook.add_format({"bold": True, "font_size": 14})
    head = workbook.add_format({"bold": True, "bg_color": "#E6EBF2", "border": 1})
    number = workbook.add_format({"num_format": "0.0"})
    date = workbook.add_format({"num_format": "dd/mm/yyyy"})

    sheet = workbook.add_worksheet("Notas")
    sheet.set_column("A:F", 14)
    sheet.merge_range("A1:F1", "Estatística básica — notas do 1º semestre de 2025", title)
    sheet.write_row("A3", ["Matrícula", "Prova 1", "Prova 2", "Trabalho", "Média", "Situação"], head)
    marks = [
        (202501, 7.5, 8.0, 9.0),
        (202502, 5.0, 6.5, 7.0),
        (202503, 9.0, 9.5, 10.0),
        (202504, 3.5, 4.0, 6.0),
        (202505, 6.0, 7.0, 8.0),
        (202506, 8.5, 7.5, 9.0),
        (202507, 4.0, 5.5, 5.0),
        (202508, 10.0, 9.0, 9.5),
    ]
    for line, (student, one, two, work) in enumerate(marks, start=4):
        mean = round(one * 0.4 + two * 0.4 + work * 0.2, 2)
        passed = "aprovado" if mean >= 6 else "recuperação"
        sheet.write(f"A{line}", student)
        for column, value in zip("BCD", (one, two, work)):
            sheet.write(f"{column}{line}", value, number)
        sheet.write_formula(f"E{line}", f"=ROUND(B{line}*0.4+C{line}*0.4+D{line}*0.2,2)", number, mean)
        sheet.write_formula(f"F{line}", f'=IF(E{line}>=6,"aprovado","recuperação")', None, passed)

    sheet = workbook.add_worksheet("Horários")
    sheet.set_column("A:F", 20)
    sheet.write_row("A1", ["Dia", "Início", "Fim", "Disciplina", "Sala"], head)
    for line, row in enumerate(
        [
            ["Segunda-feira", "08:00", "09:40", "Introdução à fisiologia do exercício", "Sala 12"],
            ["Segunda-feira", "10:00", "11:40", "Estatística básica", "Sala 7"],
            ["Terça-feira", "08:00", "11:40", "Prática de laboratório", "Laboratório 2"],
            ["Quarta-feira", "08:00", "09:40", "Introdução à fisiologia do exercício", "Sala 12"],
            ["Quinta-feira", "10:00", "11:40", "Estatística básica", "Sala 7"],
            ["Sexta-feira", "14:00", "15:40", "Metodologia da pesquisa", "Auditório"],
        ],
        start=1,
    ):
        sheet.write_row(line, 0, row)

    sheet = workbook.add_worksheet("Calendário")
    sheet.set_column("A:A", 16)
    sheet.set_column("B:B", 52)
    sheet.write_row("A1", ["Data", "Atividade"], head)
    for line, (day, activity) in enumerate(
        [
            ((2025, 3, 3), "Início das aulas"),
            ((2025, 4, 14), "Prova 1 de Estatística básica"),
            ((2025, 4, 28), "Prova 1 de Introdução à fisiologia do exercício"),
            ((2025, 5, 26), "Entrega do trabalho de Estatística básica"),
            ((2025, 6, 16), "Prova 2 de Estatística básica"),
            ((2025, 6, 30), "Semana de recuperação"),
            ((2025, 7, 7), "Fim do semestre"),
        ],
        start=1,
    ):
        sheet.write_datetime(line, 0, datetime.datetime(*day), date)
        sheet.write(line, 1, activity)
    workbook.close()


SLIDES = [
    (
        "Como ler um artigo científico",
        ["Metodologia da pesquisa — Aula 1", "Material de apoio"],
        "",
    ),
    (
        "As partes do artigo",
        [
            "Resumo: a pergunta, o método e o achado em poucas linhas",
            "Introdução: por que o estudo foi feito",
            "Métodos: o que foi feito, com detalhe para ser repetido",
            "Resultados: o que se encontrou, sem interpretação",
            "Discussão: o que os achados significam e seus limites",
        ],
        "A estrutura é conhecida pela sigla IMRD: introdução, métodos, resultados e discussão.",
    ),
    (
        "Leitura em três passadas",
        [
            "Primeira, de 5 a 10 minutos: título, resumo, figuras e conclusão",
            "Segunda, até uma hora: o texto todo, sem os detalhes das contas",
            "Terceira: refazer mentalmente o estudo e procurar falhas",
        ],
        "Nem todo artigo merece a terceira passada. Na maioria dos casos a primeira basta para decidir.",
    ),
    (
        "Valor-p: o que é e o que não é",
        [
            "É a probabilidade de observar dados tão ou mais extremos, se a hipótese nula for verdadeira",
            "Não é a probabilidade de a hipótese nula ser verdadeira",
            "Não mede o tamanho nem a importância do efeito",
        ],
        "Pedir à turma que traga um artigo em que o valor-p foi mal interpretado.",
    ),
    (
        "Hierarquia da evidência",
        [
            "Revisões sistemáticas e meta-análises",
            "Ensaios clínicos randomizados",
            "Estudos de coorte",
            "Estudos de caso-controle",
            "Séries e relatos de caso",
            "Opinião de especialistas",
        ],
        "A lista vai da evidência mais forte para a mais fraca.",
    ),
]


def slides():
    show = Presentation()
    for number, (title, lines, notes) in enumerate(SLIDES):
        slide = show.slides.add_slide(show.slide_layouts[0 if number == 0 else 1])
        slide.shapes.title.text = title
        frame = slide.placeholders[1].text_frame
        for position, line in enumerate(lines):
            paragraph = frame.paragraphs[0] if position == 0 else frame.add_paragraph()
            paragraph.text = line
            if number > 0:
                paragraph.font.size = Pt(22)
        if notes:
            slide.notes_slide.notes_text_frame.text = notes
    core = show.core_properties
    core.title, core.author, core.language = SLIDES[0][0], "Material de exemplo do Acervo", "pt-BR"
    core.last_modified_by, core.created, core.modified = "", DATE, DATE
    buffer = io.BytesIO()
    show.save(buffer)
    # The library stamps the archive's entries with the current time; write them again without.
    with (
        zipfile.ZipFile(buffer) as made,
        zipfile.ZipFile(HERE / "metodologia-aula-01-artigos.pptx", "w", zipfile.ZIP_DEFLATED) as kept,
    ):
        for entry in made.infolist():
            info = zipfile.ZipInfo(entry.filename, date_time=(1980, 1, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            kept.writestr(info, made.read(entry))


CUES = [
    (0, 4, "Olá! Nesta aula gravada falamos do princípio"),
    (4, 8, "da especificidade no treinamento físico."),
    (9, 14, "Ele diz que o organismo se adapta ao tipo de esforço que lhe pedimos."),
    (15, 21, "Quem treina corrida longa melhora a resistência aeróbia, mas pouco a força máxima."),
    (22, 28, "Por isso, um nadador precisa nadar, e não só pedalar."),
    (30, 36, "O segundo princípio é o da reversibilidade: o que não se usa se perde."),
    (37, 44, "O consumo máximo de oxigênio começa a cair já nas duas a quatro primeiras semanas sem treino."),
    (46, 52, "O terceiro é o da individualidade biológica."),
    (52, 58, "Duas pessoas com o mesmo treino respondem de modo diferente,"),
    (58, 64, "por causa da genética, da idade, do sono e da alimentação."),
    (66, 72, "Na próxima aula veremos como planejar a carga ao longo do ano: a periodização."),
]


def subtitles():
    def stamp(seconds):
        return f"00:{seconds // 60:02}:{seconds % 60:02},000"

    entries = [
        f"{number}\n{stamp(start)} --> {stamp(end)}\n{text}\n"
        for number, (start, end, text) in enumerate(CUES, start=1)
    ]
    (HERE / "treinamento-aula-05-principios.srt").write_text("\n".join(entries), encoding="utf-8")


SYLLABUS = """# Plano de ensino — Introdução à fisiologia do exercício

## Ementa

Respostas agudas e adaptações crônicas dos sistemas muscular, cardiovascular, respiratório e endócrino ao
exercício. Princípios do treinamento. Avaliação física.

## Carga horária

A disciplina tem 60 horas: 40 horas teóricas e 20 horas práticas, em dois encontros por semana.

## Avaliação

A nota final é a média ponderada de três atividades:

- prova 1, com peso 4;
- prova 2, com peso 4;
- relatório de aula prática, com peso 2.

É aprovado quem obtém média igual ou superior a 6,0 e frequência mínima de 75 %. Quem fica com média entre 4,0 e
5,9 pode fazer a recuperação.

### Segunda chamada

O pedido de segunda chamada deve ser feito em até três dias úteis após a prova, com documento que justifique a ausência.

## Cronograma

| Aula | Tema | Leitura |
| --- | --- | --- |
| 01 | Bioenergética: os sistemas de produção de ATP | capítulo 2 |
| 02 | Respostas cardiovasculares ao exercício | capítulo 5 |
| 03 | Hipertrofia muscular | capítulo 7 |
| 04 | Consumo máximo de oxigênio | capítulo 8 |
| 05 | Princípios do treinamento | capítulo 10 |
"""


def main():
    hypertrophy()
    statistics()
    laboratory()
    training()
    grades()
    slides()
    subtitles()
    (HERE / "plano-de-ensino.md").write_text(SYLLABUS, encoding="utf-8")


if __name__ == "__main__":
    main()

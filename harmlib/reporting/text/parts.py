"""The folded parts of the reports' pages: their headings, and what each explains before its tables.

The keys are the anchors that links lead to. Their order is that of the page of a run: the reading
order of a development report, from the problem to the conclusion. Those that begin with `scores-`
are of the report of a table of scores, which has some of the others, too.
"""

from __future__ import annotations

from harmlib.language import Wordings

TITLES = Wordings(
    {
        "problems": ("The problem", "문제점 점검"),
        "settings": ("How the models differ", "개선 사항: 모델별 설정"),
        "thresholds": ("Performance along the thresholds", "Threshold에 따른 성능"),
        "epochs": ("All epochs", "모든 epoch"),
        "all-results": ("All results on test", "시험 결과 전체"),
        "categories": (
            "Thresholds of the categories, and all together",
            "카테고리별 threshold와 전체 판정",
        ),
        "uncertainty": ("How sure the results are", "결과의 불확실성"),
        "differences": ("Differences between the models", "모델 사이의 차이"),
        "gains": ("Where the gains came from", "향상은 어디서 왔는가"),
        "objectives": ("Objectives on test", "목적별 threshold의 시험 결과"),
        "optimism": ("Optimism of trying several values", "여러 값을 시도해 생기는 낙관 편향"),
        "calibration": ("Scale and calibration of the probabilities", "확률 척도와 보정"),
        "prevalence": ("Other shares of harmful items, and costs", "유해 비율과 비용이 다르면"),
        "floors": (
            "Thresholds that keep a floor of the mean recall",
            "평균 Recall 하한을 지키는 threshold",
        ),
        "policies": ("A threshold for each policy", "정책별 threshold"),
        "published": ("The earlier report's figures, audited", "이전 보고서 수치 검산"),
        "study": ("What helped, and how sure that is", "무엇이 도움이 되었고, 얼마나 확실한가"),
        "study-groups": ("Study: backbones and groups", "연구: 백본과 그룹"),
        "study-seeds": ("Study: seeds and epochs", "연구: seed와 epoch에 따른 변동"),
        "study-imbalance": (
            "Study: imbalance, and data held apart",
            "연구: 불균형과 따로 본 데이터",
        ),
        "study-data": ("Study: how much more data", "연구: 데이터가 얼마나 더 필요한가"),
        "files": ("Where every file went", "파일은 빠짐없이 쓰였는가"),
        "near-duplicates": ("Are the test items new?", "시험 항목은 처음 보는 것인가"),
        "slices": ("Which items go wrong more often", "어떤 항목에서 더 틀리는가"),
        "doubts": ("Items whose label is in doubt", "라벨이 의심되는 항목"),
        "conclusion": ("Conclusion: the gain", "결론: 개선 효과 요약"),
        "scores-results": ("All figures on test", "시험 수치 전체"),
        "scores-sections": (
            "A threshold for each section, or one for all",
            "threshold를 절마다 고를 것인가, 하나로 할 것인가",
        ),
        "scores-calibration": ("Are the scores probabilities?", "점수를 확률로 읽어도 되는가"),
        "scores-distribution": ("Where items score", "점수의 분포"),
        "scores-columns": ("Results by the values of further columns", "열의 값마다 본 시험 결과"),
        "scores-labels": ("Labels in doubt, and raters", "라벨이 의심되는 항목과 라벨의 일치도"),
        "scores-items": ("Items that could not be used", "쓰지 못한 항목"),
        "scores-refused": ("Rows and files that could not be used", "쓰지 못한 행과 파일"),
        "glossary": ("Terms", "용어"),
        "reproduction": ("Reproduction", "재현 정보"),
    }
)

EXPLANATIONS = Wordings(
    {
        "problems": (
            "How the first model, whose threshold is fixed, decides on validation. Calling everything "
            "harmful gives the highest recall, and with many harmful items a high F1, too.",
            "고정 threshold를 쓰는 첫 모델이 이 데이터에서 어떻게 판정하는지 검증 분할로 확인합니다. 모두 유해로 판정하기만 해도 "
            "Recall은 최고가 되고, 유해가 많은 데이터에서는 F1도 높게 나옵니다.",
        ),
        "settings": (
            "The models side by side. All else (features, the first layers, the optimiser) is the same.",
            "모델 간 차이를 표로 비교합니다. 나머지(특징, 분류기의 앞부분, 최적화 방법)는 같습니다.",
        ),
        "epochs": (
            "Each epoch at the best threshold of its grid, on validation.",
            "epoch마다 검증 F1이 최고인 threshold와 그때의 결과입니다.",
        ),
        "all-results": (
            "Claims rest on these figures. With cross-validation its results come first; then the saved "
            "checkpoints on this run's test split.",
            "성능을 인용할 때는 이 수치를 씁니다. 교차 검증이 있으면 그 결과가 앞에 오고, 저장한 체크포인트를 이 실행의 시험 분할에 "
            "적용한 결과가 뒤에 옵니다.",
        ),
        "categories": (
            "Each category has a threshold of its own, chosen on validation; an item is harmful where any "
            "is exceeded. Below: the price of one threshold for all.",
            "카테고리마다 검증에서 고른 threshold가 있고, 하나라도 자기 threshold를 넘으면 유해로 판정합니다. 그 아래는 카테고리마다 "
            "고른 threshold 대신 하나의 threshold를 함께 쓸 때의 대가입니다.",
        ),
        "uncertainty": (
            "Intervals leave out one group (source) of the test items at a time. Whether a model is better "
            "than the baseline is judged by paired differences on the same items, corrected for the "
            "number of models.",
            "그룹(원본) 단위로 구한 신뢰구간입니다. 기준선보다 나은지는 같은 항목에서 짝지은 차이로 판단하고, 모델 수만큼 보정합니다.",
        ),
        "differences": (
            "Paired comparisons on the same test items, corrected for the number of pairs.",
            "같은 시험 항목에서 짝지어 비교하고, 쌍의 수만큼 보정했습니다.",
        ),
        "gains": (
            "The difference of two models in three parts: weights, epoch, threshold. Their probabilities "
            "have different scales, so the first two are compared at thresholds that call the same share "
            "harmful.",
            "두 모델의 차이를 가중치, epoch, threshold의 세 몫으로 나눕니다. 확률 척도가 모델마다 달라, 앞의 두 몫은 같은 비율을 "
            "유해로 판정하는 threshold에서 비교합니다.",
        ),
        "objectives": (
            "What the thresholds for each objective, of the model that validation chose, do on test. "
            "Objectives that no threshold meets are left out.",
            "목적마다 검증에서 고른 threshold를 시험에 적용한 결과입니다. 조건을 만족하는 threshold가 없으면 비워 둡니다. 마지막 두 열은 기준선과의 "
            "F1 차이의 95% 신뢰구간(표의 모든 줄에 대해 보정)입니다.",
        ),
        "optimism": (
            "Of several thresholds tried, the best looks good by chance, too. Bars are corrected for all "
            "trials. How much better F1 looks on the items that were chosen on stands below.",
            "여러 threshold를 시도해 가장 좋은 것을 고르면 우연히 좋아 보이는 것이 섞입니다. 막대는 모든 시도를 함께 보정한 "
            "신뢰구간입니다. 고른 데이터에서 그대로 평가할 때 생기는 낙관 편향도 적습니다.",
        ),
        "calibration": (
            "`pos_weight` changes the scale of the probabilities, so thresholds are compared on that of an "
            "unweighted model.",
            "`pos_weight`는 확률 척도를 바꾸므로, 가중치 없는 모델의 척도로 바꾸어 비교합니다.",
        ),
        "prevalence": (
            "Precision follows the share of harmful items in the data. Recall and the false-alarm rate of "
            "test give it for other shares.",
            "Precision은 데이터의 유해 비율에 따라 달라집니다. 시험 분할의 Recall과 오탐 비율로 다른 비율에서의 Precision을 구합니다. "
            "마지막 열들은 그 비율에 맞추어 검증에서 다시 고른 threshold입니다.",
        ),
        "floors": (
            "Thresholds, chosen on validation, that keep a floor of the recall in new harmful groups. It is "
            "the **mean of the groups' recalls**, so a group with many items counts once. **On average** "
            "holds over many such validations; with a **confidence**, each one keeps the floor that often.",
            "새 유해 그룹에서 Recall 하한을 지키도록 검증에서 정한 threshold입니다. Recall은 **그룹마다 구한 값의 평균**이어서 항목이 "
            "많은 그룹도 하나로 셉니다. **평균**은 이런 검증을 여러 번 반복할 때 평균적으로 하한이 지켜진다는 뜻이고(conformal risk "
            "control), **신뢰 수준**은 한 번의 결과가 그 신뢰 수준으로 하한을 지킨다는 뜻입니다(Learn then Test).",
        ),
        "policies": (
            "Each goal that `policies` of the params name gets a threshold on validation and is measured on "
            "test (with cross-validation on all items). They are in `policy.json`, for `--policy` of "
            "`harmlib predict` and `harmlib sample`.",
            "설정의 `policies`에 이름 붙인 목표마다 검증에서 threshold를 고르고 시험(교차 검증이 있으면 모든 항목)에서 평가합니다. 고른 "
            "threshold는 `policy.json`에 있으며, `harmlib predict`와 `harmlib sample`의 `--policy`가 씁니다.",
        ),
        "published": (
            "Integer confusion matrices that give the printed precision, recall and F1 tell what the "
            "figures leave out. Their data differ from this run's, so sizes can't be compared.",
            "인쇄된 Precision, Recall, F1을 만족하는 정수 혼동 행렬을 찾아, 그 수치가 말하지 않은 것을 확인합니다. 데이터가 다르므로 이 "
            "실행의 수치와 크기를 직접 비교할 수 없습니다.",
        ),
        "study": (
            "Trained with the changes one at a time, measured on the folds' test parts; intervals leave out "
            "one group at a time and add the spread over seeds. Effects depend on the order of the changes, "
            "so they are means over all orders (Shapley).",
            "변경을 하나씩 바꾸어 학습하고 교차 검증의 시험 부분에서 평가했습니다. 신뢰구간은 그룹을 하나씩 빼며 구한 뒤 seed에 따른 "
            "변동을 더했습니다. 효과는 바꾸는 순서에 따라 달라지므로 모든 순서의 평균(Shapley)입니다.",
        ),
        "files": (
            "Files that came in were used or stand in `ledger.csv`; the sums are checked at each step. Lost "
            "files could not be judged, so here is how far the test figures would fall if all were wrong.",
            "들어온 파일은 쓰였거나 장부(`ledger.csv`)에 있으며, 단계마다 합을 확인합니다. 잃은 파일은 판정하지 못했으므로, 모두 잘못 "
            "판정했다고 볼 때 시험 수치가 어디까지 낮아질 수 있는지 함께 적습니다.",
        ),
        "near-duplicates": (
            "One source under two group names could be in training and test. Perceptual hashes and trained "
            "backbones' vectors find such pairs; figures without them stand beside.",
            "원본이 같은데 그룹이 다르게 적힌 파일은 학습과 시험으로 나뉠 수 있습니다. 지각 해시와 학습된 백본의 벡터로 거의 같은 쌍을 "
            "찾고, 그런 항목을 뺀 수치를 함께 적습니다.",
        ),
        "slices": (
            "Items by the values of the list's further columns, and of size, shorter side, brightness and "
            "duration, each against the rest at the same threshold.",
            "목록(CSV)의 나머지 열과 파일의 크기, 짧은 변, 밝기, 길이의 값마다 항목을 나누어 나머지 항목과 비교합니다(threshold는 "
            "같음). 차이의 신뢰구간은 값의 수만큼 보정했습니다. 표와 그림은 검증에서 선택한 모델의 것입니다.",
        ),
        "doubts": (
            "Items whose label is farthest from the probability of a model that never saw them. Model or "
            "label may be wrong: somebody has to look. They were picked for disagreeing, so F1 with them "
            "turned is a bound, no estimate.",
            "그 항목을 학습하지 않은 모델의 확률이 라벨과 크게 어긋나는 항목부터 봅니다. 모델이 틀렸을 수도, 라벨이 틀렸을 수도 있으므로 "
            "사람이 다시 보아야 합니다. 어긋나는 것을 고른 것이므로, 라벨을 바꾼 F1은 한계이지 추정이 아닙니다.",
        ),
        "conclusion": (
            "Each model at its operating threshold, and the difference of the last from the first, its "
            "interval corrected for all pairs.",
            "각 모델이 운영 threshold에서 보인 결과와, 첫 모델과 마지막 모델의 차이입니다. 차이의 신뢰구간은 모든 쌍을 함께 보정한 "
            "것입니다.",
        ),
        "scores-results": (
            "Claims rest on these figures. Where the table has no splits, each item is judged by the "
            "threshold that the other half chose.",
            "성능을 인용할 때는 이 수치를 씁니다. 점수표에 분할이 없으면 항목마다 다른 반에서 고른 threshold로 판정합니다.",
        ),
        "scores-sections": (
            "A threshold chosen on validation for each section (category), and one chosen for all sections "
            "together, compared on test. Differences are paired on the same items; 95% intervals are "
            "corrected for the number of sections.",
            "절(카테고리)마다 검증에서 고른 threshold와, 모든 절을 함께 보고 고른 공통 threshold 하나를 시험에서 비교합니다. 차이는 같은 "
            "항목에서 짝지은 것이고, 95% 신뢰구간은 절의 수만큼 보정했습니다.",
        ),
        "scores-calibration": (
            "Where the share that a score speaks of is the true one, points lie on the dotted line. Levels "
            "or 0 to 100, moved to 0 to 1, are no probabilities for that.",
            "점수가 말하는 비율과 실제 비율이 같으면 점선 위에 놓입니다. 등급이나 0~100점을 0~1로 옮겼다고 해서 확률인 것은 아닙니다.",
        ),
        "scores-columns": (
            "For each further column of the table, test items of one value are compared with the rest, at "
            "the same threshold. Intervals of differences are corrected for the number of values.",
            "점수표의 나머지 열마다, 값별로 시험 항목을 나누어 나머지 항목과 비교합니다(threshold는 모두 같음). 차이의 신뢰구간은 값의 수만큼 "
            "보정했습니다.",
        ),
        "scores-labels": (
            "Items whose scores contradict their labels most come first. The score may be wrong, or the "
            "label, so a person should look. As they were picked for contradicting, taking the labels "
            "for wrong mostly raises F1: that is a bound, not an estimate.",
            "점수가 라벨과 크게 어긋나는 항목부터 봅니다. 점수가 틀렸을 수도, 라벨이 틀렸을 수도 있으므로 사람이 다시 보아야 합니다. 어긋나는 "
            "것을 고른 것이므로, 라벨이 틀렸다고 하면 F1은 대개 오릅니다. 그 값은 한계이지 추정이 아닙니다.",
        ),
        "scores-items": (
            "Items in = items used + items not used. Several models are compared only on the items that "
            "all of them scored. The figures could go down as far as said here if every item without a "
            "score or a label had been judged wrongly (harmful ones missed, safe ones flagged).",
            "받은 항목 = 쓴 항목 + 쓰지 못한 항목. 모델이 여럿이면 모든 모델이 점수를 낸 항목에서만 비교합니다. 점수나 라벨이 없는 항목을 모두 "
            "잘못 판정했다면(유해는 미탐, 안전은 오탐) 수치가 어디까지 낮아질 수 있는지 함께 적습니다.",
        ),
        "reproduction": (
            "`./run_all.sh PARAMS --verify` with the same settings and data checks that the figures stay.",
            "같은 설정과 데이터로 `./run_all.sh 설정파일 --verify`를 실행하면 수치가 그대로인지 확인합니다.",
        ),
    }
)

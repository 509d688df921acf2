from harmlib.reporting.text.analysis_constants import constants_table


def test_constants_are_those_of_the_functions():
    constants = constants_table().set_index("name")["value"]
    assert constants["신뢰구간의 신뢰 수준"] == 0.95
    assert constants["재표집 횟수"] == 2000
    assert constants["신뢰구간에 필요한 그룹 수(클래스마다)"] == 5
    assert constants["Recall 하한"].tolist() == [0.8, 0.9, 0.95]

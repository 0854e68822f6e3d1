// SPDX-License-Identifier: Apache-2.0

package vocabulary

// welsh puts names after a colon, in lists without a conjunction, so that no word has to change its
// first letter.
func welsh() *Words {
	return &Words{
		act: "%s: %s", until: "tan %s", more: "a %d arall",
		months: []string{
			"Ionawr", "Chwefror", "Mawrth", "Ebrill", "Mai", "Mehefin", "Gorffennaf", "Awst", "Medi", "Hydref", "Tachwedd", "Rhagfyr",
		},
		Actions: Names{
			"view": "gweld", "book": "trefnu", "cancel": "canslo", "request": "gofyn am", "submit": "cyflwyno", "update": "diweddaru",
			"message": "ysgrifennu", "decide": "penderfynu",
		},
		Resources: Names{
			"appointments": "apwyntiadau", "prescriptions": "presgripsiynau", "prescriptions/repeat": "presgripsiynau amlroddadwy",
			"gp-record": "cofnod y meddyg teulu", "gp-record/test-results": "canlyniadau profion", "gp-record/vaccinations": "brechiadau yng nghofnod y meddyg teulu",
			"gp-record/conditions": "cyflyrau iechyd", "gp-record/consultations": "ymgynghoriadau", "gp-record/documents": "dogfennau",
			"messages": "negeseuon", "scr/summary": "crynodeb o'r cofnod gofal", "vaccinations": "brechiadau",
		},
		Purposes: Names{"family-requested": "cais y teulu", "direct-care": "gofal uniongyrchol"},
		Bases: Names{
			"consent": "cydsyniad y person", "parental-responsibility": "cyfrifoldeb rhiant", "best-interest": "budd gorau'r person",
			"court-appointed-personal-welfare-deputy":      "dirprwy lles personol a benodwyd gan y llys",
			"health-and-welfare-lasting-power-of-attorney": "atwrneiaeth arhosol iechyd a lles", "direct-care": "gofal uniongyrchol",
		},
		Requirements: Names{
			"confirm": "rhaid i chi gadarnhau bob tro", "human-approval": "rhaid i berson ei gymeradwyo bob tro",
			"notify:principal": "rhoddir gwybod i'r person bob tro", "notify:controller": "rhoddir gwybod i'r sefydliad bob tro",
			"audit:enhanced": "cofnodir pob defnydd yn fanwl", "alert:privacy-officer": "rhoddir gwybod i'r swyddog preifatrwydd",
			"warn:repeat-request": "cewch rybudd os gofynnwyd amdano o'r blaen",
		},
		Levels:     Names{"low": "isel", "substantial": "sylweddol", "high": "uchel"},
		Kinds:      Names{"person": "person", "organisation": "sefydliad", "workgroup": "gweithgor", "agent": "asiant meddalwedd"},
		Categories: Names{"sexual-health": "iechyd rhywiol", "mental-health": "iechyd meddwl", "safeguarding": "diogelu"},
	}
}

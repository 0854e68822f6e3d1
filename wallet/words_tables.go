// SPDX-License-Identifier: Apache-2.0

package wallet

// english is the wallet's own language.
func english() *tongue {
	return &tongue{
		and: " and ", may: "You may %s %s for %s", mayNot: "You may never %s %s for %s.", nothing: "It allows nothing by itself.",
		only: "Only for this purpose: %s.", valid: "It holds from %s and ends on %s.",
		review: "It is to be reviewed by %s.", changes: "It changes on %s, when the person you act for comes of an age to decide.",
		notOnward: "You may not pass it on.", onwardOnce: "You may pass a part of it on, to %s, who may not pass it on again.",
		onwardTimes: "You may pass a part of it on, %d times down the line, to %s.",
		basis:       "It rests on %s. %s stands behind it.", by: "%s stands behind it.", passed: "It was passed on to you by %s.",
		member: "You are a member of the workgroup %s.", identity: "It says who %s is, for services that have to know.",
		since: "records from %s on", before: "records up to %s", between: "records from %s to %s",
		without: "nothing about %s", justThese: "nothing but %s", signedIn: "you have to be signed in at level %s",
		uses: "at most %d times, counted over all who have it", void: "its conditions cannot be understood, so no service will allow it",
		clock: " at %s UTC",
		head:  "You may act for %s", do: "%s %s", limited: "(with limits)", holds: "until %s, for %s, from %s", brief: "until %s, from %s",
		through: "passed on by %s", revoked: "revoked, as of %s", suspended: "suspended, as of %s", ended: "ended on %s", notYet: "only from %s on",
		endsSoon: "ends on %s", reviewSoon: "to be reviewed by %s", changeSoon: "changes on %s",
		dueExpiry:     "What you may do for %s ends on %s; ask %s for a new one, or renew it.",
		dueReview:     "What you may do for %s has to be reviewed by %s; ask %s about it.",
		dueTransition: "What you may do for %s changes on %s, as they come of an age to decide; ask %s about it.",
		dueCollection: "%s may have an answer for you to collect.",
		months: []string{
			"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December",
		},
		actions: map[string]string{
			"view": "view", "book": "book", "cancel": "cancel", "request": "request", "submit": "submit", "update": "update",
			"message": "write", "decide": "decide about",
		},
		resources: map[string]string{
			"appointments": "appointments", "prescriptions": "prescriptions", "prescriptions/repeat": "repeat prescriptions",
			"gp-record": "the GP record", "gp-record/test-results": "test results", "gp-record/vaccinations": "vaccinations in the GP record",
			"gp-record/conditions": "health conditions", "gp-record/consultations": "consultations", "gp-record/documents": "documents",
			"messages": "messages", "scr/summary": "the summary care record", "vaccinations": "vaccinations",
		},
		purposes: map[string]string{"family-requested": "what the family asked for", "direct-care": "direct care"},
		bases: map[string]string{
			"consent": "the consent of the person you act for", "parental-responsibility": "parental responsibility",
			"best-interest": "a decision in the best interest of the person you act for",
			"court-appointed-personal-welfare-deputy":      "a court order that makes you a deputy for personal welfare",
			"health-and-welfare-lasting-power-of-attorney": "a lasting power of attorney for health and welfare", "direct-care": "direct care",
		},
		requires: map[string]string{
			"confirm": "you have to confirm it each time", "human-approval": "a person has to approve it each time",
			"notify:principal": "the person you act for is told each time", "notify:controller": "the organisation is told each time",
			"audit:enhanced": "each use is recorded in detail", "alert:privacy-officer": "the privacy officer is told",
			"warn:repeat-request": "you are warned if it was asked for before",
		},
		levels:     map[string]string{"low": "low", "substantial": "substantial", "high": "high"},
		kinds:      map[string]string{"person": "a person", "organisation": "an organisation", "workgroup": "a workgroup", "agent": "a software agent"},
		categories: map[string]string{"sexual-health": "sexual health", "mental-health": "mental health", "safeguarding": "safeguarding"},
	}
}

// welsh puts the vocabulary after a colon, in lists without a conjunction, so that no word has to
// change its first letter.
func welsh() *tongue {
	return &tongue{
		may: "Cewch wneud hyn (%s): %s, ar ran %s", mayNot: "Ni chewch byth wneud hyn (%s): %s, ar ran %s.",
		nothing: "Nid yw'n caniatáu dim ar ei ben ei hun.",
		only:    "At y diben hwn yn unig: %s.", valid: "Mewn grym: %s; daw i ben: %s.",
		review: "I'w adolygu erbyn: %s.", changes: "Bydd yn newid, pan fydd y person yn ddigon hen i benderfynu: %s.",
		notOnward: "Ni chewch ei drosglwyddo i neb arall.", onwardOnce: "Cewch drosglwyddo rhan ohono unwaith, i: %s.",
		onwardTimes: "Cewch drosglwyddo rhan ohono, nifer y camau: %d, i: %s.",
		basis:       "Y sail: %s. Yn gyfrifol amdano: %s.", by: "Yn gyfrifol amdano: %s.", passed: "Trosglwyddwyd i chi gan: %s.",
		member: "Rydych yn aelod o'r gweithgor: %s.", identity: "Mae'n dweud pwy yw: %s.",
		since: "cofnodion o'r dyddiad hwn ymlaen: %s", before: "cofnodion hyd at: %s", between: "cofnodion rhwng %s a'r dyddiad hwn: %s",
		without: "dim byd am: %s", justThese: "dim ond: %s", signedIn: "rhaid i chi fewngofnodi ar y lefel hon: %s",
		uses: "nifer o weithiau ar y mwyaf, i bawb gyda'i gilydd: %d", void: "ni ellir deall ei amodau, felly bydd pob gwasanaeth yn ei wrthod",
		clock: " am %s UTC",
		head:  "Cewch weithredu ar ran %s", do: "%s: %s", limited: "(gyda chyfyngiadau)", holds: "tan %s, at ddiben: %s, gan: %s", brief: "tan %s, gan: %s",
		through: "trosglwyddwyd gan: %s", revoked: "wedi'i ddirymu, o ran %s", suspended: "wedi'i atal, o ran %s", ended: "daeth i ben: %s", notYet: "dim ond o %s ymlaen",
		endsSoon: "daw i ben: %s", reviewSoon: "i'w adolygu erbyn: %s", changeSoon: "bydd yn newid: %s",
		dueExpiry:     "Daw'r hyn y cewch ei wneud ar ran %s i ben: %s. Gofynnwch am un newydd, neu adnewyddwch ef: %s.",
		dueReview:     "Rhaid adolygu'r hyn y cewch ei wneud ar ran %s erbyn: %s. Gofynnwch i: %s.",
		dueTransition: "Bydd yr hyn y cewch ei wneud ar ran %s yn newid: %s. Gofynnwch i: %s.",
		dueCollection: "Efallai fod ateb yn aros amdanoch gan: %s.",
		months: []string{
			"Ionawr", "Chwefror", "Mawrth", "Ebrill", "Mai", "Mehefin", "Gorffennaf", "Awst", "Medi", "Hydref", "Tachwedd", "Rhagfyr",
		},
		actions: map[string]string{
			"view": "gweld", "book": "trefnu", "cancel": "canslo", "request": "gofyn am", "submit": "cyflwyno", "update": "diweddaru",
			"message": "ysgrifennu", "decide": "penderfynu",
		},
		resources: map[string]string{
			"appointments": "apwyntiadau", "prescriptions": "presgripsiynau", "prescriptions/repeat": "presgripsiynau amlroddadwy",
			"gp-record": "cofnod y meddyg teulu", "gp-record/test-results": "canlyniadau profion", "gp-record/vaccinations": "brechiadau yng nghofnod y meddyg teulu",
			"gp-record/conditions": "cyflyrau iechyd", "gp-record/consultations": "ymgynghoriadau", "gp-record/documents": "dogfennau",
			"messages": "negeseuon", "scr/summary": "crynodeb o'r cofnod gofal", "vaccinations": "brechiadau",
		},
		purposes: map[string]string{"family-requested": "cais y teulu", "direct-care": "gofal uniongyrchol"},
		bases: map[string]string{
			"consent": "cydsyniad y person", "parental-responsibility": "cyfrifoldeb rhiant", "best-interest": "budd gorau'r person",
			"court-appointed-personal-welfare-deputy":      "dirprwy lles personol a benodwyd gan y llys",
			"health-and-welfare-lasting-power-of-attorney": "atwrneiaeth arhosol iechyd a lles", "direct-care": "gofal uniongyrchol",
		},
		requires: map[string]string{
			"confirm": "rhaid i chi gadarnhau bob tro", "human-approval": "rhaid i berson ei gymeradwyo bob tro",
			"notify:principal": "rhoddir gwybod i'r person bob tro", "notify:controller": "rhoddir gwybod i'r sefydliad bob tro",
			"audit:enhanced": "cofnodir pob defnydd yn fanwl", "alert:privacy-officer": "rhoddir gwybod i'r swyddog preifatrwydd",
			"warn:repeat-request": "cewch rybudd os gofynnwyd amdano o'r blaen",
		},
		levels:     map[string]string{"low": "isel", "substantial": "sylweddol", "high": "uchel"},
		kinds:      map[string]string{"person": "person", "organisation": "sefydliad", "workgroup": "gweithgor", "agent": "asiant meddalwedd"},
		categories: map[string]string{"sexual-health": "iechyd rhywiol", "mental-health": "iechyd meddwl", "safeguarding": "diogelu"},
	}
}

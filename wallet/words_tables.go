// SPDX-License-Identifier: Apache-2.0

package wallet

import (
	"strconv"

	"github.com/behalf-id/behalf/internal/vocabulary"
)

// english is the wallet's own language. A name that the vocabulary lacks is quoted: it comes from outside.
func english() *tongue {
	return &tongue{
		Words: vocabulary.In(English, strconv.Quote),
		may:   "You may %s %s for %s", mayNot: "You may never %s %s for %s.", nothing: "It allows nothing by itself.",
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
		head:  "You may act for %s", limited: "(with limits)", holds: "until %s, for %s, from %s", brief: "until %s, from %s",
		through: "passed on by %s", revoked: "revoked, as of %s", suspended: "suspended, as of %s", ended: "ended on %s", notYet: "only from %s on",
		endsSoon: "ends on %s", reviewSoon: "to be reviewed by %s", changeSoon: "changes on %s",
		dueExpiry:     "What you may do for %s ends on %s; ask %s for a new one, or renew it.",
		dueReview:     "What you may do for %s has to be reviewed by %s; ask %s about it.",
		dueTransition: "What you may do for %s changes on %s, as they come of an age to decide; ask %s about it.",
		dueCollection: "%s may have an answer for you to collect.",
	}
}

// welsh puts names of the vocabulary after a colon, so that no word has to change its first letter.
func welsh() *tongue {
	return &tongue{
		Words: vocabulary.In(Welsh, strconv.Quote),
		may:   "Cewch wneud hyn (%s): %s, ar ran %s", mayNot: "Ni chewch byth wneud hyn (%s): %s, ar ran %s.",
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
		head:  "Cewch weithredu ar ran %s", limited: "(gyda chyfyngiadau)", holds: "tan %s, at ddiben: %s, gan: %s", brief: "tan %s, gan: %s",
		through: "trosglwyddwyd gan: %s", revoked: "wedi'i ddirymu, o ran %s", suspended: "wedi'i atal, o ran %s", ended: "daeth i ben: %s", notYet: "dim ond o %s ymlaen",
		endsSoon: "daw i ben: %s", reviewSoon: "i'w adolygu erbyn: %s", changeSoon: "bydd yn newid: %s",
		dueExpiry:     "Daw'r hyn y cewch ei wneud ar ran %s i ben: %s. Gofynnwch am un newydd, neu adnewyddwch ef: %s.",
		dueReview:     "Rhaid adolygu'r hyn y cewch ei wneud ar ran %s erbyn: %s. Gofynnwch i: %s.",
		dueTransition: "Bydd yr hyn y cewch ei wneud ar ran %s yn newid: %s. Gofynnwch i: %s.",
		dueCollection: "Efallai fod ateb yn aros amdanoch gan: %s.",
	}
}

// SPDX-License-Identifier: Apache-2.0

package page

func welsh() words {
	return words{welshCommon(), welshIssuer(), welshGateway(), welshTrouble()}
}

func welshCommon() commonWords {
	return commonWords{
		Skip:      "Neidio i’r brif ran",
		Footer:    "Mae’r dudalen hon yn cael ei rhedeg gan {0} yn {1}",
		Languages: "Ieithoedd",

		Here:      "Mae eich waled ar y ddyfais hon",
		Open:      "Agor fy waled",
		Nothing:   "Os nad oes dim yn agor, copïwch y ddolen isod i’ch waled.",
		Elsewhere: "Mae eich waled ar ddyfais arall",
		Scan:      "Pwyntiwch ei chamera, neu’r sganiwr yn eich waled, at y cod hwn.",
		Code:      "Cod QR y gall eich waled ei ddarllen",
		Link:      "Copïo’r ddolen yn lle hynny",
		LinkLabel: "Dolen i’ch waled",
		Copy:      "Copïo’r ddolen",
		Copied:    "Wedi’i chopïo",
		Until:     "Mae’r ddolen hon yn gweithio tan {0}.",
		Careful:   "Cadwch yn ddiogel",
	}
}

func welshIssuer() issuerWords {
	return issuerWords{
		OfferTitle:   "Mae eich caniatâd yn barod",
		OfferLead:    "Mae {0} wedi paratoi caniatâd i chi. Gallwch ei roi yn eich waled nawr.",
		OfferWhat:    "Mae’n gadael i chi",
		OfferTxCode:  "Bydd eich waled yn gofyn am god. Cewch y cod gan {0} mewn ffordd arall, fel llythyr neu neges destun.",
		OfferCareful: "Ewch ymlaen dim ond os oeddech yn disgwyl hyn gan {0}. Os nad oeddech, caewch y dudalen hon.",

		ConsentTitle:  "Rhoi hwn yn eich waled?",
		ConsentLead:   "Mae {0} yn gofyn i {1} am ganiatâd, i’w gadw i chi.",
		ConsentPerson: "Rydych wedi mewngofnodi fel {0}.",
		ConsentWhat:   "Mae’n gadael i chi",
		ConsentAfter:  "Nid oes neb yn ei weld nes i chi ei ddangos. Mae eich waled yn gofyn i chi bob tro.",
		ConsentYes:    "Iawn, rhowch ef yn fy waled",
		ConsentNo:     "Na, stopiwch yma",
	}
}

func welshGateway() gatewayWords {
	return gatewayWords{
		RequestTitle:   "Dangoswch eich caniatâd i {0}",
		RequestLead:    "Mae eich waled yn dangos i chi beth fyddai’n cael ei rannu cyn anfon dim. Gallwch ddweud na o hyd.",
		RequestService: "Pwy sy’n gofyn",
		RequestOf:      "Cofnodion pwy",
		RequestPurpose: "I ba ddiben",
		RequestWhat:    "Er mwyn gadael i chi",
		RequestCareful: "Ewch ymlaen dim ond os agoroch y dudalen hon eich hun. Os anfonodd rhywun hi atoch, neu os yw rhywun yn darllen cod i chi, caewch hi.",
		Enter:          "Rhowch y cod",
		EnterLabel:     "Cod o’ch waled",
		EnterHint:      "Mae eich waled yn ei ddangos ar ôl i chi gytuno.",
		EnterWrong:     "Nid dyna’r cod yn eich waled. Gwiriwch ef a’i roi eto.",
		EnterButton:    "Parhau",
		Again:          "Gwirio a yw eich waled wedi ateb",
		Pending:        "Yn aros am eich waled.",
		Answered:       "Mae eich waled wedi ateb ac mae’n mynd â chi yn ôl.",
		AnsweredEnter:  "Mae eich waled wedi ateb. Rhowch y cod y mae’n ei ddangos.",
		Decided:        "Wedi gorffen. Gallwch fynd yn ôl nawr.",
		Expired:        "Mae’r ddolen hon wedi dod i ben. Ewch yn ôl a dechrau eto.",
		Offline:        "Nid oes cysylltiad ar hyn o bryd. Rydym yn dal i geisio.",

		PresentedTitle:   "Un cam arall",
		PresentedLead:    "Rhowch y cod hwn ar y ddyfais lle dechreuoch chi:",
		PresentedNone:    "Mae eich waled yn dangos y cod i chi.",
		PresentedCareful: "Onid yw’r ddyfais honno o’ch blaen? Yna stopiwch. Peidiwch â dweud y cod hwn wrth neb, hyd yn oed os ydynt yn dweud eu bod am helpu.",

		DoneTitle: "Wedi gorffen",
		DoneLead:  "Mae eich ateb wedi cyrraedd {0}.",
		DoneNext:  "Ymlaen i {0}",
		DoneClose: "Gallwch gau’r dudalen hon.",
	}
}

func welshTrouble() troubleWords {
	return troubleWords{
		GoneTitle:    "Nid yw’r ddolen hon yn gweithio mwyach",
		GoneText:     "Mae wedi cael ei defnyddio’n barod neu wedi dod i ben. Ewch yn ôl i’r lle y cawsoch hi a gofyn am un newydd.",
		StaleTitle:   "Rhowch gynnig arall arni",
		StaleText:    "Er mwyn eich cadw’n ddiogel, ni chymerwyd eich ateb: roedd y dudalen wedi bod ar agor yn rhy hir, neu ni chafodd ei hagor o’r fan hon. Ewch yn ôl a dechrau eto.",
		BusyTitle:    "Arhoswch ychydig",
		BusyText:     "Roedd gormod o gynigion. Rhowch gynnig arall arni ymhen ychydig funudau.",
		BrokenTitle:  "Mae’n ddrwg gennym, nid yw rhywbeth yn gweithio",
		BrokenText:   "Nid eich bai chi ydyw. Rhowch gynnig arall arni ymhen ychydig funudau.",
		RefusedTitle: "Ni weithiodd hynny",
		RefusedText:  "Ewch yn ôl i’r lle y dechreuoch a rhoi cynnig arall arni. Os bydd yn digwydd eto, gofynnwch i’r bobl a’ch anfonodd yma.",
	}
}

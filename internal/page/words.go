// SPDX-License-Identifier: Apache-2.0

package page

// words are all texts of ours in one language. {0}, {1} … stand for texts from outside.
type words struct {
	commonWords
	issuerWords
	gatewayWords
	troubleWords
}

// commonWords are on every page, or on both that lead to a wallet.
type commonWords struct {
	Skip      string
	Footer    string // {0} who runs the pages, {1} their address
	Languages string

	Here      string // heading of the way to a wallet on this device
	Open      string // button
	Nothing   string // what to do if the button does nothing
	Elsewhere string // heading of the way to a wallet on another device
	Scan      string
	Code      string // what the picture is
	Link      string // summary of the link as text
	LinkLabel string
	Copy      string
	Copied    string
	Until     string // {0} a time
	Careful   string // heading of advice
}

// issuerWords are of offers and consent.
type issuerWords struct {
	OfferTitle   string
	OfferLead    string // {0} issuer
	OfferWhat    string
	OfferTxCode  string // {0} issuer
	OfferCareful string // {0} issuer

	ConsentTitle  string
	ConsentLead   string // {0} wallet, {1} issuer
	ConsentPerson string // {0} person
	ConsentWhat   string
	ConsentAfter  string
	ConsentYes    string
	ConsentNo     string
}

// gatewayWords are of requests and what follows them.
type gatewayWords struct {
	RequestTitle   string // {0} service
	RequestLead    string
	RequestService string
	RequestOf      string
	RequestPurpose string
	RequestWhat    string
	RequestCareful string
	Enter          string // heading
	EnterLabel     string
	EnterHint      string
	EnterWrong     string
	EnterButton    string
	Again          string // link for browsers without script
	Pending        string
	Answered       string
	AnsweredEnter  string
	Decided        string
	Expired        string
	Offline        string

	PresentedTitle   string
	PresentedLead    string
	PresentedNone    string
	PresentedCareful string

	DoneTitle string
	DoneLead  string // {0} service
	DoneNext  string // {0} service
	DoneClose string
}

// troubleWords are for what went wrong.
type troubleWords struct {
	GoneTitle, GoneText       string
	StaleTitle, StaleText     string
	BusyTitle, BusyText       string
	BrokenTitle, BrokenText   string
	RefusedTitle, RefusedText string
}

func english() words {
	return words{englishCommon(), englishIssuer(), englishGateway(), englishTrouble()}
}

func englishCommon() commonWords {
	return commonWords{
		Skip:      "Skip to the main part",
		Footer:    "This page is run by {0} at {1}",
		Languages: "Languages",

		Here:      "Your wallet is on this device",
		Open:      "Open my wallet",
		Nothing:   "If nothing opens, copy the link below into your wallet.",
		Elsewhere: "Your wallet is on another device",
		Scan:      "Point its camera, or the scanner in your wallet, at this code.",
		Code:      "QR code that your wallet can read",
		Link:      "Copy the link instead",
		LinkLabel: "Link for your wallet",
		Copy:      "Copy link",
		Copied:    "Copied",
		Until:     "This link works until {0}.",
		Careful:   "Keep safe",
	}
}

func englishIssuer() issuerWords {
	return issuerWords{
		OfferTitle:   "Your permission is ready",
		OfferLead:    "{0} has prepared a permission for you. You can put it in your wallet now.",
		OfferWhat:    "It lets you",
		OfferTxCode:  "Your wallet will ask for a code. You get it from {0} in another way, such as a letter or a text message.",
		OfferCareful: "Go on only if you were expecting this from {0}. If you were not, close this page.",

		ConsentTitle:  "Put this in your wallet?",
		ConsentLead:   "{0} asks {1} for a permission, to keep it for you.",
		ConsentPerson: "You are signed in as {0}.",
		ConsentWhat:   "It lets you",
		ConsentAfter:  "Nobody sees it until you show it. Your wallet asks you each time.",
		ConsentYes:    "Yes, put it in my wallet",
		ConsentNo:     "No, stop here",
	}
}

func englishGateway() gatewayWords {
	return gatewayWords{
		RequestTitle:   "Show your permission to {0}",
		RequestLead:    "Your wallet shows you what would be shared before anything is sent. You can still say no.",
		RequestService: "Who asks",
		RequestOf:      "Whose records",
		RequestPurpose: "What for",
		RequestWhat:    "To let you",
		RequestCareful: "Go on only if you opened this page yourself. If somebody sent it to you or reads a code to you, close it.",
		Enter:          "Enter the code",
		EnterLabel:     "Code from your wallet",
		EnterHint:      "Your wallet shows it after you have agreed.",
		EnterWrong:     "That is not the code in your wallet. Check it and enter it again.",
		EnterButton:    "Continue",
		Again:          "Check whether your wallet has answered",
		Pending:        "Waiting for your wallet.",
		Answered:       "Your wallet has answered and takes you back.",
		AnsweredEnter:  "Your wallet has answered. Enter the code that it shows.",
		Decided:        "Done. You can go back now.",
		Expired:        "This link has run out. Go back and start again.",
		Offline:        "There is no connection at the moment. We keep trying.",

		PresentedTitle:   "One more step",
		PresentedLead:    "Enter this code on the device where you began:",
		PresentedNone:    "Your wallet shows you the code.",
		PresentedCareful: "Is that device not in front of you? Then stop. Do not tell this code to anybody, even if they say that they want to help.",

		DoneTitle: "Done",
		DoneLead:  "{0} has your answer.",
		DoneNext:  "Go on to {0}",
		DoneClose: "You can close this page.",
	}
}

func englishTrouble() troubleWords {
	return troubleWords{
		GoneTitle:    "This link no longer works",
		GoneText:     "It has been used already or has run out. Go back to where you found it and ask for a new one.",
		StaleTitle:   "Please try again",
		StaleText:    "To keep you safe, your answer was not taken: the page had been open for too long, or was not opened from here. Go back and start again.",
		BusyTitle:    "Please wait a little",
		BusyText:     "There were too many attempts. Try again in a few minutes.",
		BrokenTitle:  "Sorry, something is not working",
		BrokenText:   "It is nothing that you did. Try again in a few minutes.",
		RefusedTitle: "That did not work",
		RefusedText:  "Go back to where you began and start again. If it happens again, ask the people who sent you here.",
	}
}

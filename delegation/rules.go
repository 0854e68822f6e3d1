// SPDX-License-Identifier: Apache-2.0

package delegation

import "strings"

// Rule is one check of a decision, by its number in delegation.md §7, §9 and §10.
type Rule struct {
	Number string // "S4.7", "M11", "C2"
	Holds  string // what is so where the check holds, for an operator
}

// Rules returns all checks in the order in which Decide makes them.
func Rules() []Rule {
	var all []Rule
	for _, s := range sections() {
		all = append(all, s.rules...)
	}
	return all
}

// section is a step with its checks.
type section struct {
	name, title string
	rules       []Rule
}

// sectionOf returns the name of the section that a rule stands in.
func sectionOf(number string) string {
	switch {
	case strings.HasPrefix(number, "M"):
		return "§9"
	case strings.HasPrefix(number, "C"):
		return "§10"
	}
	name, _, _ := strings.Cut(number, ".")
	return name
}

func title(name string) string {
	for _, s := range sections() {
		if s.name == name {
			return s.title
		}
	}
	return ""
}

// sections are all steps in their order. It is made anew for each explanation: a decision that
// nobody wants explained does not read it.
func sections() []section {
	return []section{
		{"S1", "the request", requestRules()},
		{"S2", "the presentation", presentationRules()},
		{"S3", "each link by itself, root first", linkRules()},
		{"S3b", "assembly of the chain", []Rule{
			{"S3b", "the root names no parent; every other link names the one above, by its digest; no two have one name"},
		}},
		{"S4", "trust in the root", trustRules()},
		{"S5", "status, root to leaf", []Rule{{"S5", "the status is valid"}}},
		{"S6", "the chain", chainRules()},
		{"S7", "the presenter", []Rule{{"S7", "the presenter is the delegate of the last link, or a member of the workgroup that is"}}},
		{"S8", "authority", authorityRules()},
		{"§9", "what each effective permission answers", matchRules()},
		{"§10", "choosing the answer", choiceRules()},
	}
}

func requestRules() []Rule {
	return []Rule{
		{"S1.1", "principal, resource and action are named, and every member is well formed"},
		{"S1.2", "a purpose is named"},
		{"S1.3", "a controller is named"},
		{"S1.4", "the framework has a policy for the controller"},
	}
}

func presentationRules() []Rule {
	return []Rule{
		{"S2.1", "the proof answers this nonce"},
		{"S2.2", "the proof is made out to this audience"},
		{"S2.3", "the presentation was not seen before"},
		{"S2.4", "the proof is fresh"},
		{"S2.5", "the holder's signature verifies"},
		{"S2.6", "there is a delegation"},
		{"S2.7", "there are no more links than the framework allows"},
		{"S2.8", "every link that is named is there"},
	}
}

func linkRules() []Rule {
	return []Rule{
		{"S3.1", "the issuer's signature verifies"},
		{"S3.2", "it is a delegation credential"},
		{"S3.3", "every limiting member is there and well formed"},
		{"S3.4", "every disclosed permission is whole, and no two have one id"},
		{"S3.5", "it begins before it ends"},
		{"S3.6", "it is valid already"},
		{"S3.7", "it is valid still"},
	}
}

func trustRules() []Rule {
	return []Rule{
		{"S4.1", "there is a verified snapshot of the framework"},
		{"S4.2", "the snapshot is not too old"},
		{"S4.3", "the framework knows the relationship"},
		{"S4.4", "the legal basis fits the relationship"},
		{"S4.5", "the relationship lets the principal be the issuer"},
		{"S4.6", "an identity binding of the principal counts"},
		{"S4.7", "an accreditation of the issuer holds for this link, up to an anchor"},
		{"S4.8", "it is valid for no longer than the relationship allows"},
		{"S4.9", "the relationship allows this kind of delegate"},
		{"S4.10", "it ends by the age transition, where the relationship asks for one"},
		{"S4.11", "who grants is not who may act, where the relationship keeps duties apart"},
		{"S4.12", "a review is set, where the relationship asks for one"},
		{"S4.13", "the link covers the jurisdiction that is asked about"},
	}
}

func chainRules() []Rule {
	return []Rule{
		{"S6.1", "the delegate of the root is not the principal"},
		{"S6.2", "the root may be passed on no further than the relationship allows"},
		{"S6.3", "the principal is the same as above"},
		{"S6.4", "relationship and legal basis are the same as above"},
		{"S6.5", "the delegate above grants it"},
		{"S6.6", "the grantor signs it, or a mediator"},
		{"S6.7", "an accreditation of the mediator holds for this link, up to an anchor"},
		{"S6.8", "the link above may be passed on"},
		{"S6.9", "it may be passed on less far than the link above"},
		{"S6.10", "the link above may be passed on to this kind of delegate"},
		{"S6.11", "it may be passed on to no further kinds than the link above"},
		{"S6.12", "it is valid within the time of the link above"},
		{"S6.13", "it has no further purposes than the link above"},
		{"S6.14", "it has no further controllers than the link above"},
		{"S6.15", "it has no further jurisdictions than the link above"},
		{"S6.16", "it repeats every prohibition of the link above"},
		{"S6.17", "its delegate is no earlier party of the chain"},
	}
}

func authorityRules() []Rule {
	return []Rule{
		{"S8.1", "the request is about the principal of the chain"},
		{"S8.2", "the last link names the controller"},
		{"S8.3", "the last link names the purpose"},
		{"S8.4", "no restriction of the controller hits"},
		{"S8.5", "the controller lets delegates reach the resource"},
		{"S8.6", "no prohibition of the link hits"},
		{"S8.7", "the permission takes effect"},
		{"S8.8", "the request does not sweep in what no delegate may reach"},
	}
}

func matchRules() []Rule {
	return []Rule{
		{"M1", "the permission covers the resource and has the action"},
		{"M2", "no category that is asked about is excluded"},
		{"M3", "the record dates that are asked about overlap those granted"},
		{"M4", "uses are left"},
		{"M5", "the risk is worked out"},
		{"M6", "the relationship allows this risk"},
		{"M7", "the requirements are collected"},
		{"M8", "no agent takes part, or the controller lets agents take this risk"},
		{"M9", "the oldest status is young enough for this risk"},
		{"M10", "no review is overdue, or the risk is routine"},
		{"M11", "the delegate is authenticated well enough"},
		{"M12", "a person has approved, where that is required"},
		{"M13", "the delegate has confirmed, where that is required"},
		{"M14", "the obligations are collected"},
		{"M15", "the service can carry out every obligation"},
		{"M16", "it is permitted"},
	}
}

func choiceRules() []Rule {
	return []Rule{
		{"C1", "the best answer is found"},
		{"C2", "the best answer is no denial, so it is the answer"},
		{"C3", "no permission that was voided would have matched"},
		{"C4", "no permission that matches denies"},
		{"C5", "no permission below the request grants the action"},
		{"C6", "a permission grants this action on this resource"},
	}
}

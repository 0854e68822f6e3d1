// SPDX-License-Identifier: Apache-2.0

package vocabulary

func english() *Words {
	return &Words{
		and: " and ", act: "%s %s", until: "until %s", more: "and %d more",
		months: []string{
			"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December",
		},
		Actions: Names{
			"view": "view", "book": "book", "cancel": "cancel", "request": "request", "submit": "submit", "update": "update",
			"message": "write", "decide": "decide about",
		},
		Resources: Names{
			"appointments": "appointments", "prescriptions": "prescriptions", "prescriptions/repeat": "repeat prescriptions",
			"gp-record": "the GP record", "gp-record/test-results": "test results", "gp-record/vaccinations": "vaccinations in the GP record",
			"gp-record/conditions": "health conditions", "gp-record/consultations": "consultations", "gp-record/documents": "documents",
			"messages": "messages", "scr/summary": "the summary care record", "vaccinations": "vaccinations",
		},
		Purposes: Names{"family-requested": "what the family asked for", "direct-care": "direct care"},
		Bases: Names{
			"consent": "the consent of the person you act for", "parental-responsibility": "parental responsibility",
			"best-interest": "a decision in the best interest of the person you act for",
			"court-appointed-personal-welfare-deputy":      "a court order that makes you a deputy for personal welfare",
			"health-and-welfare-lasting-power-of-attorney": "a lasting power of attorney for health and welfare", "direct-care": "direct care",
		},
		Requirements: Names{
			"confirm": "you have to confirm it each time", "human-approval": "a person has to approve it each time",
			"notify:principal": "the person you act for is told each time", "notify:controller": "the organisation is told each time",
			"audit:enhanced": "each use is recorded in detail", "alert:privacy-officer": "the privacy officer is told",
			"warn:repeat-request": "you are warned if it was asked for before",
		},
		Levels:     Names{"low": "low", "substantial": "substantial", "high": "high"},
		Kinds:      Names{"person": "a person", "organisation": "an organisation", "workgroup": "a workgroup", "agent": "a software agent"},
		Categories: Names{"sexual-health": "sexual health", "mental-health": "mental health", "safeguarding": "safeguarding"},
	}
}

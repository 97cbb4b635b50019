from django.urls import path, register_converter

from adminpanel.access import action_on
from adminpanel.accounts import views as accounts
from adminpanel.activity import views as activity
from adminpanel.audit import views as audit
from adminpanel.close import views as close
from adminpanel.corrections import views as corrections
from adminpanel.deposits import views as deposits
from adminpanel.exports import views as exports
from adminpanel.incidents import several as some_incidents
from adminpanel.incidents import views as incidents
from adminpanel.integrity import views as integrity
from adminpanel.ledger import views as ledger
from adminpanel.members import several as some_members
from adminpanel.members import views as members
from adminpanel.overview import views as overview
from adminpanel.payouts import bulk, pausing
from adminpanel.payouts import views as payouts
from adminpanel.reconciliation import views as reconciliation
from adminpanel.reconciliation import workspace
from adminpanel.reports import statements
from adminpanel.reports import views as reports
from adminpanel.reversals import views as reversals
from adminpanel.search import views as search
from adminpanel.transactions import suspense, verdicts
from adminpanel.transactions import views as transactions
from wallet.web.converters import AccountIdConverter

register_converter(AccountIdConverter, "account_id")

# Actions, each with the page it is on.
ledger_action, integrity_action = action_on("ledger"), action_on("integrity")
transaction_action = action_on("transaction", "reference")
payouts_action, payout_action = action_on("payouts"), action_on("payout", "reference")
reversal_action = action_on("reversal", "proposal_id")
adjustment_action = action_on("adjustment", "correction_id")
member_action = action_on("member", "user_id")
incident_action = action_on("incident", "incident_id")
statement_action = action_on("statement", "statement_id")
workspace_action = action_on("workspace", "statement_id")
movement_action = action_on("movement", "movement_id")
period_action, closing_action = (
    action_on("close_period", "period"),
    action_on("closing", "closing_id"),
)

app_name = "adminpanel"
urlpatterns = [
    path("", overview.overview, name="overview"),
    path("search/", search.search, name="search"),
    # Live activity
    path("activity/", activity.activity, name="activity"),
    path("activity/news/", activity.news, name="news"),
    # The ledger explorer
    path("ledger/", ledger.ledger, name="ledger"),
    path("ledger/totals/", ledger.ledger_totals, name="ledger_totals"),
    path("ledger/views/", ledger_action(ledger.save_view), name="save_view"),
    path(
        "ledger/views/<id:view_id>/delete/", ledger_action(ledger.delete_view), name="delete_view"
    ),
    path("ledger/views/<id:view_id>/share/", ledger_action(ledger.share_view), name="share_view"),
    path("ledger/layout/", ledger_action(ledger.keep_layout), name="keep_layout"),
    # One transaction, and what staff do with it
    path("transactions/<reference:reference>/", transactions.transaction, name="transaction"),
    path(
        "transactions/<reference:reference>/notes/",
        transaction_action(transactions.add_note),
        name="add_note",
    ),
    path(
        "transactions/<reference:reference>/propose/",
        transaction_action(transactions.propose_reversal),
        name="propose_reversal",
    ),
    path(
        "transactions/<reference:reference>/assign/",
        transaction_action(suspense.assign_item),
        name="assign_item",
    ),
    path(
        "transactions/<reference:reference>/return/",
        transaction_action(suspense.return_item),
        name="return_item",
    ),
    path(
        "transactions/<reference:reference>/ask/",
        transaction_action(transactions.ask_rail),
        name="ask_rail",
    ),
    path(
        "transactions/<reference:reference>/paid/",
        transaction_action(verdicts.deposit_was_paid),
        name="deposit_was_paid",
    ),
    path(
        "transactions/<reference:reference>/not-paid/",
        transaction_action(verdicts.deposit_was_not_paid),
        name="deposit_was_not_paid",
    ),
    # Deposits that haven't reached a wallet
    path("deposits/", deposits.deposits, name="deposits"),
    # Payouts: the list and its switch, and one payout, by the reference of its transaction
    path("payouts/", payouts.payouts, name="payouts"),
    path("payouts/approve/", bulk.approve_several, name="approve_several"),
    path("payouts/pause/", payouts_action(pausing.pause_payouts), name="pause_payouts"),
    path(
        "payouts/pauses/<id:pause_id>/propose/",
        payouts_action(pausing.propose_lift),
        name="propose_lift",
    ),
    path(
        "payouts/pauses/<id:pause_id>/lift/", payouts_action(pausing.lift_pause), name="lift_pause"
    ),
    path("payouts/<reference:reference>/", payouts.payout, name="payout"),
    path(
        "payouts/<reference:reference>/approve/",
        payout_action(payouts.approve_payout),
        name="approve_payout",
    ),
    path(
        "payouts/<reference:reference>/refuse/",
        payout_action(payouts.refuse_payout),
        name="refuse_payout",
    ),
    path(
        "payouts/<reference:reference>/paid/",
        payout_action(payouts.payout_was_paid),
        name="payout_was_paid",
    ),
    path(
        "payouts/<reference:reference>/not-paid/",
        payout_action(payouts.payout_was_not_paid),
        name="payout_was_not_paid",
    ),
    # Reversals
    path("reversals/", reversals.reversals, name="reversals"),
    path("reversals/<id:proposal_id>/", reversals.reversal, name="reversal"),
    path(
        "reversals/<id:proposal_id>/approve/",
        reversal_action(reversals.approve_reversal),
        name="approve_reversal",
    ),
    path(
        "reversals/<id:proposal_id>/deny/",
        reversal_action(reversals.deny_reversal),
        name="deny_reversal",
    ),
    path(
        "reversals/<id:proposal_id>/withdraw/",
        reversal_action(reversals.withdraw_reversal),
        name="withdraw_reversal",
    ),
    # Adjustments, and what else two people correct
    path("adjustments/", corrections.adjustments, name="adjustments"),
    path("adjustments/propose/", corrections.propose_adjustment, name="propose_adjustment"),
    path("adjustments/<id:correction_id>/", corrections.adjustment, name="adjustment"),
    path(
        "adjustments/<id:correction_id>/approve/",
        adjustment_action(corrections.approve_adjustment),
        name="approve_adjustment",
    ),
    path(
        "adjustments/<id:correction_id>/deny/",
        adjustment_action(corrections.deny_adjustment),
        name="deny_adjustment",
    ),
    path(
        "adjustments/<id:correction_id>/withdraw/",
        adjustment_action(corrections.withdraw_adjustment),
        name="withdraw_adjustment",
    ),
    # Reconciliation: statements of rails and banks
    path("reconciliation/", reconciliation.reconciliation, name="reconciliation"),
    path("reconciliation/import/", reconciliation.import_statement, name="import_statement"),
    path("reconciliation/<id:statement_id>/", reconciliation.statement, name="statement"),
    path(
        "reconciliation/<id:statement_id>/columns/",
        statement_action(reconciliation.set_columns),
        name="set_columns",
    ),
    path(
        "reconciliation/<id:statement_id>/confirm/",
        statement_action(reconciliation.confirm_statement),
        name="confirm_statement",
    ),
    path(
        "reconciliation/<id:statement_id>/drop/",
        statement_action(reconciliation.drop_statement),
        name="drop_statement",
    ),
    path("reconciliation/<id:statement_id>/lines/", workspace.workspace, name="workspace"),
    path(
        "reconciliation/<id:statement_id>/match/",
        workspace_action(workspace.match_movements),
        name="match_movements",
    ),
    path("reconciliation/lines/<id:movement_id>/", workspace.movement, name="movement"),
    path(
        "reconciliation/lines/<id:movement_id>/owner/",
        movement_action(workspace.own_movement),
        name="own_movement",
    ),
    path(
        "reconciliation/lines/<id:movement_id>/note/",
        movement_action(workspace.note_movement),
        name="note_movement",
    ),
    path(
        "reconciliation/lines/<id:movement_id>/undo/",
        movement_action(workspace.undo_match),
        name="undo_match",
    ),
    path(
        "reconciliation/lines/<id:movement_id>/ask/",
        movement_action(workspace.ask_receipt),
        name="ask_receipt",
    ),
    # Closed days and months
    path("close/", close.close, name="close"),
    path("close/signatures/<id:closing_id>/", close.closing, name="closing"),
    path(
        "close/signatures/<id:closing_id>/approve/",
        closing_action(close.approve_close),
        name="approve_close",
    ),
    path(
        "close/signatures/<id:closing_id>/deny/",
        closing_action(close.deny_close),
        name="deny_close",
    ),
    path(
        "close/signatures/<id:closing_id>/withdraw/",
        closing_action(close.withdraw_close),
        name="withdraw_close",
    ),
    path("close/<slug:period>/", close.close_period, name="close_period"),
    path("close/<slug:period>/sign/", period_action(close.sign_close), name="sign_close"),
    path("close/<slug:period>/reopen/", period_action(close.ask_reopening), name="ask_reopening"),
    # Accounts
    path("accounts/", accounts.accounts, name="accounts"),
    path("accounts/<account_id:account_id>/", accounts.account, name="account"),
    path(
        "accounts/<account_id:account_id>/statement/",
        statements.account_statement,
        name="account_statement",
    ),
    # Reports, and the exports that the worker makes
    path("reports/", reports.reports, name="reports"),
    path("reports/trial-balance/", reports.trial_balance, name="trial_balance"),
    path("reports/books/", reports.books, name="books"),
    path("reports/exports/", exports.export_jobs, name="export_jobs"),
    path("reports/exports/<id:job_id>/file/", exports.export_file, name="export_file"),
    path("reports/mail/", reports.report_mails, name="report_mails"),
    # Members
    path("members/", members.members, name="members"),
    path("members/freeze/", some_members.freeze_several, name="freeze_several"),
    path("members/<id:user_id>/", members.member, name="member"),
    path("members/<id:user_id>/reveal/", member_action(members.reveal), name="reveal"),
    path("members/<id:user_id>/freeze/", member_action(members.freeze), name="freeze"),
    path("members/<id:user_id>/unfreeze/", member_action(members.unfreeze), name="unfreeze"),
    path(
        "members/<id:user_id>/keep-frozen/", member_action(members.keep_frozen), name="keep_frozen"
    ),
    # Incidents
    path("incidents/", incidents.incidents, name="incidents"),
    path("incidents/open/", incidents.open_incident, name="open_incident"),
    path("incidents/assign/", some_incidents.assign_several, name="assign_several"),
    path("incidents/<id:incident_id>/", incidents.incident, name="incident"),
    path(
        "incidents/<id:incident_id>/take/",
        incident_action(incidents.take_incident),
        name="take_incident",
    ),
    path(
        "incidents/<id:incident_id>/assign/",
        incident_action(incidents.assign_incident),
        name="assign_incident",
    ),
    path(
        "incidents/<id:incident_id>/change/",
        incident_action(incidents.change_incident),
        name="change_incident",
    ),
    path(
        "incidents/<id:incident_id>/resolve/",
        incident_action(incidents.resolve_incident),
        name="resolve_incident",
    ),
    path(
        "incidents/<id:incident_id>/link/",
        incident_action(incidents.link_transactions),
        name="link_transactions",
    ),
    path(
        "incidents/<id:incident_id>/note/",
        incident_action(incidents.note_incident),
        name="note_incident",
    ),
    path(
        "incidents/<id:incident_id>/unlink/<reference:reference>/",
        incident_action(incidents.unlink_transaction),
        name="unlink_transaction",
    ),
    # Integrity
    path("integrity/", integrity.integrity, name="integrity"),
    path("integrity/run/", integrity_action(integrity.run_checks), name="run_checks"),
    path("integrity/<slug:name>/", integrity.check, name="check"),
    # Audit
    path("audit/", audit.audit, name="audit"),
]

"""How the printable report looks: light, dark, and on paper."""

from .svg import STYLE as PICTURES

STYLE = (
    """
:root { color-scheme: light dark; --paper: #f5f7fa; --card: #ffffff; --text: #1b2330; --muted: #64708a;
  --rule: #e2e6ee; --accent: #2563eb; --tint: #eef3ff; }
@media (prefers-color-scheme: dark) { :root { --paper: #0f131a; --card: #161b24; --text: #e7eaf0; --muted: #97a2b8;
  --rule: #2c3442; --accent: #6ea0ff; --tint: #1a2540; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--text); line-height: 1.6;
  font: 15px/1.6 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "PingFang SC", "Microsoft YaHei",
  "Noto Sans CJK SC", sans-serif; }
main { max-width: 960px; margin: 0 auto; padding: 40px 24px 64px; }
h1 { font-size: 28px; line-height: 1.25; margin: 0 0 6px; letter-spacing: -0.01em; }
h2 { font-size: 18px; margin: 44px 0 12px; }
p { margin: 0 0 10px; } .muted { color: var(--muted); } .small { font-size: 13px; }
.card { background: var(--card); border: 1px solid var(--rule); border-radius: 10px; padding: 18px 20px; }
.verdict { border-left: 4px solid var(--accent); margin: 22px 0 14px; font-size: 17px; }
.verdict p { margin: 0; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(170px, 1fr)); gap: 12px; }
.tile b { display: block; font-size: 25px; line-height: 1.3; font-variant-numeric: tabular-nums; }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(380px, 1fr)); gap: 14px; }
figure { margin: 0; } figure.card { display: flex; align-items: flex-start; overflow-x: auto; }
.figures + .figures, .figures + .card, .card + .figures { margin-top: 14px; }
table { border-collapse: collapse; width: 100%; font-size: 14px; }
th { text-align: left; font-weight: 600; color: var(--muted); font-size: 13px; }
th, td { padding: 7px 12px 7px 0; border-bottom: 1px solid var(--rule); vertical-align: top; }
tr:last-child td, tr:last-child th { border-bottom: 0; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
tr.main td { font-weight: 600; }
.wide { overflow-x: auto; }
ol, ul { margin: 0; padding-left: 22px; } li { margin: 5px 0; }
.example { margin-bottom: 14px; } .example h3 { font-size: 15px; margin: 0 0 10px; }
.example th { width: 150px; } .example td, .example p { white-space: pre-wrap; overflow-wrap: anywhere; }
.example tr.right td, .example tr.right th { background: var(--tint); }
.example tr.right th { color: var(--text); padding-left: 10px; }
.words td:nth-child(2) { overflow-wrap: anywhere; } .words td:first-child { width: 24%; }
.card + .card { margin-top: 12px; } a { color: var(--accent); }
.case { margin-bottom: 12px; } .case h3 { font-size: 15px; margin: 0 0 6px; } .case p { margin: 0 0 4px; }
.other { border-left: 4px solid var(--rule); }
details summary { cursor: pointer; color: var(--muted); }
code { font: 13px ui-monospace, "SF Mono", Consolas, monospace; overflow-wrap: anywhere; }
@media print { :root { --paper: #fff; --card: #fff; --text: #1b2330; --muted: #64708a; --rule: #d5dae3;
  --accent: #2563eb; --tint: #eef3ff; } main { padding: 0; max-width: none; } h2 { break-after: avoid; }
  .card, .tile, .example, figure, tr, li { break-inside: avoid; } .wide, .list { break-inside: auto; }
  body { font-size: 13px; } h2 { margin: 24px 0 8px; } .card { padding: 12px 16px; } a { color: inherit; }
  .figures { grid-template-columns: 1fr 1fr; } }
"""
    + PICTURES
)
"""The style of the whole page, its pictures included."""

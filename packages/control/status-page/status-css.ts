/** Contrasts are at least 4.5 to 1 for text in both schemes (WCAG 2.2, 1.4.3); states differ by words, too, never by colour alone. */
export const statusCss = `
:root{color-scheme:light dark;--bg:#fff;--card:#f7f8fa;--text:#1a1d21;--quiet:#5b626d;--line:#dfe2e7;--good:#1a7f4b;--fair:#b8860b;--poor:#c2570c;--bad:#c4262e;--none:#d5d9e0;--info:#2459c4;--on:#fff}
@media (prefers-color-scheme:dark){:root{--bg:#101318;--card:#181c23;--text:#e8eaee;--quiet:#a0a7b4;--line:#2b313b;--good:#3fbf7f;--fair:#e0b040;--poor:#f08a3c;--bad:#ff6b6b;--none:#39404c;--info:#7ea8ff;--on:#101318}}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--text);font:16px/1.5 system-ui,-apple-system,"Segoe UI",sans-serif}
main{max-width:52rem;margin:0 auto;padding:2rem 1rem 3rem}
h1{font-size:1.5rem;margin:0 0 1rem;overflow-wrap:anywhere}h2{font-size:1.1rem;margin:2.25rem 0 .75rem}h3{font-size:1rem;margin:0 0 .5rem;overflow-wrap:anywhere}
a{color:inherit;text-underline-offset:.2em}a:focus-visible,button:focus-visible,input:focus-visible,summary:focus-visible{outline:3px solid var(--info);outline-offset:2px}
.quiet,footer,.scale{color:var(--quiet);font-size:.875rem}p{margin:.25rem 0}
.dot{display:inline-block;width:.7em;height:.7em;border-radius:50%;background:currentColor;margin-right:.5em;flex:none}
.overall{display:flex;align-items:center;font-size:1.15rem;font-weight:600;padding:1rem 1.25rem;border-radius:.75rem;background:var(--good);color:var(--on);margin:0}
.overall.minor{background:var(--fair);color:#101318}.overall.major{background:var(--poor);color:#fff}.overall.critical{background:var(--bad)}.overall.maintenance{background:var(--info)}
@media (prefers-color-scheme:dark){.overall.major{color:#101318}}
@media (prefers-color-scheme:light){.overall.major{background:#a8480a}}
.stale{border:1px solid var(--fair);border-radius:.75rem;padding:.75rem 1.25rem;margin:.75rem 0 0}
.components{list-style:none;margin:0 0 1.25rem;padding:0;border:1px solid var(--line);border-radius:.75rem;background:var(--card)}
.components li{padding:1rem 1.25rem}.components li+li{border-top:1px solid var(--line)}
.row{display:flex;justify-content:space-between;gap:1rem}.name{font-weight:600;overflow-wrap:anywhere}
.state{white-space:nowrap;display:inline-flex;align-items:center}.state .dot{margin-right:.4em}
.operational .dot{color:var(--good)}.degraded_performance .dot{color:var(--fair)}.partial_outage .dot{color:var(--poor)}.major_outage .dot{color:var(--bad)}.under_maintenance .dot{color:var(--info)}
.bars{display:block;width:100%;height:2rem;margin:.6rem 0 .35rem}
.good{fill:var(--good)}.fair{fill:var(--fair)}.poor{fill:var(--poor)}.bad{fill:var(--bad)}.none{fill:var(--none)}
.incident{border:1px solid var(--line);border-left:4px solid var(--fair);border-radius:.75rem;background:var(--card);padding:1rem 1.25rem;margin:0 0 .75rem}
.incident.major{border-left-color:var(--poor)}.incident.critical{border-left-color:var(--bad)}.incident.maintenance{border-left-color:var(--info)}
.updates{list-style:none;margin:0;padding:0}.updates li+li{margin-top:.75rem;padding-top:.75rem;border-top:1px solid var(--line)}
.follow label{display:block;margin-bottom:.35rem}.field{display:flex;flex-wrap:wrap;gap:.5rem}
input{font:inherit;color:inherit;background:var(--bg);border:1px solid var(--quiet);border-radius:.5rem;padding:.55rem .75rem;flex:1 1 14rem;min-width:0}
input::placeholder{color:var(--quiet);opacity:1}
button{font:inherit;font-weight:600;color:var(--on);background:var(--info);border:0;border-radius:.5rem;padding:.55rem 1rem;cursor:pointer;min-height:2.75rem}
details{margin-top:.75rem}summary{cursor:pointer;padding:.5rem 0}
footer{align-items:baseline;margin-top:2.5rem;padding-top:1rem;border-top:1px solid var(--line);display:flex;flex-wrap:wrap;justify-content:space-between;gap:.5rem}nav a{margin-left:.75rem;padding:.25rem 0}nav a:first-child{margin-left:0}
`.replace(/\n/g, "");

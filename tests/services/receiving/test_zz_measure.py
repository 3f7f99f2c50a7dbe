import time

from sqlalchemy import event

from app.services.unit_of_work import Database as Bound
from tests.services.receiving.dock import *


def test_m(dock):
    eng=Bound.engine()
    log=[]
    event.listen(eng,"before_cursor_execute",lambda c,cu,s,p,ctx,m: ctx.__dict__.__setitem__("t0",time.perf_counter()))
    event.listen(eng,"after_cursor_execute",lambda c,cu,s,p,ctx,m: log.append((time.perf_counter()-ctx.t0,s)))
    for size in (10, 250, 2000):
        po = dock.order(*[ordered(n, f"S{n}", 10) for n in range(1, size + 1)])
        for q in (4,5,6):
            g=[line(f"S{n}", q, 1, lot=f"L{n}") for n in range(1,size+1)]
            log.clear()
            if size==10: dock.run_sql('ANALYZE')
            t=time.perf_counter(); r=dock.receive(po,"R1",*g); t1=time.perf_counter()-t
            print(size, q, round(t1,3), "sql", round(sum(x for x,_ in log),3))
            for d,s in sorted(log,reverse=True)[:4]: print("    ",round(d,3), " ".join(s.split())[:100])

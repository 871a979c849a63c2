"""Actual plans in the form of SQL Server's showplan schema (2004/07): what the reader of plans has to cope with."""

NAMESPACE = "http://schemas.microsoft.com/sqlserver/2004/07/showplan"

SEEK_AND_LOOK_UP = f"""
<ShowPlanXML xmlns="{NAMESPACE}" Version="1.564" Build="16.0.4100.1"><BatchSequence><Batch><Statements>
<StmtSimple StatementText="SELECT ..."><QueryPlan>
<RelOp NodeId="0" PhysicalOp="Nested Loops" LogicalOp="Inner Join">
  <RunTimeInformation><RunTimeCountersPerThread Thread="0" ActualRows="7" ActualEndOfScans="1"/></RunTimeInformation>
  <NestedLoops Optimized="0">
    <RelOp NodeId="1" PhysicalOp="Index Seek" LogicalOp="Index Seek">
      <RunTimeInformation>
        <RunTimeCountersPerThread Thread="1" ActualRows="4" ActualLogicalReads="2"/>
        <RunTimeCountersPerThread Thread="2" ActualRows="3" ActualLogicalReads="1"/>
      </RunTimeInformation>
      <IndexScan Ordered="1"><Object Schema="[banco]" Table="[despues]" Index="[IX_ventas_id_cliente]"/></IndexScan>
    </RelOp>
    <RelOp NodeId="3" PhysicalOp="Clustered Index Seek" LogicalOp="Clustered Index Seek">
      <RunTimeInformation>
        <RunTimeCountersPerThread Thread="0" ActualRows="7" ActualLogicalReads="21"/>
      </RunTimeInformation>
      <IndexScan Lookup="1"><Object Schema="[banco]" Table="[despues]" Index="[PK_despues]"/></IndexScan>
    </RelOp>
  </NestedLoops>
</RelOp></QueryPlan></StmtSimple></Statements></Batch></BatchSequence></ShowPlanXML>
""".strip()

-- The periods of each table that are complete: those whose manifest stands.
select unnest(tables).name as table_name, unit, first_day
from read_json('{{ env_var("KAIKU_ROLLUPS") }}/manifests/*.jsonl',
               columns = {'unit': 'VARCHAR', 'first_day': 'DATE', 'tables': 'STRUCT(name VARCHAR)[]'})
